"use strict";(()=>{var c="https://pyodide.invalid/",l=self.postMessage.bind(self),o=e=>l(e),p=["fetch","XMLHttpRequest","WebSocket","WebSocketStream","WebTransport","EventSource","BroadcastChannel","Worker","SharedWorker","importScripts","indexedDB","caches","postMessage","RTCPeerConnection"],g=`
import sys
sys.path.insert(0, "/package")
sys.setrecursionlimit(1000)
import stand_in
stand_in.install()
# Imported now: the clock of the first test is not to pay for it.
import numpy, numpy.fft, numpy.linalg, numpy.random
from pathlib import Path
from json import loads
from autograder.student.page import Page

_page = Page(Path("/course"))

def prepare(assignment, exercise):
    _page.prepare(assignment, exercise)
    return ""

def check(watch, assignment, exercise, sources, language, ended):
    died = {int(number): why for number, why in loads(ended).items()}
    return _page.check(assignment, exercise, loads(sources), language, died, watch)

def run(watch, assignment, exercise, sources):
    return _page.run(assignment, exercise, loads(sources), watch)

def pack(assignment, sources, student, offset, language):
    return _page.pack(assignment, loads(sources), student, offset, language)

def unpack(assignment, file, content, language):
    return _page.unpack(assignment, file, content.to_bytes(), language)

{"prepare": prepare, "check": check, "run": run, "pack": pack, "unpack": unpack}
`,d;async function f(e){Object.defineProperty(self,"fetch",{value:async s=>{let t=String(s instanceof Request?s.url:s).slice(c.length),i=e.files[t];return i===void 0?new Response(null,{status:404}):new Response(i,{headers:{"Content-Type":"application/octet-stream"}})},configurable:!0,writable:!0}),Object.defineProperty(WebAssembly,"instantiateStreaming",{value:async(s,t)=>({instance:await WebAssembly.instantiate(e.wasm,t),module:e.wasm}),configurable:!0,writable:!0}),e.files["pyodide.asm.wasm"]=new ArrayBuffer(0);let a=await loadPyodide({indexURL:c,jsglobals:{}});await a.loadPackage("numpy",{messageCallback:()=>{}}),a.unpackArchive(e.package,"zip",{extractDir:"/package"}),a.unpackArchive(e.course,"zip",{extractDir:"/course"}),a.setStdin({stdin:()=>null}),d=a.runPython(g);for(let s of p){for(let t=self;t!==null;t=Object.getPrototypeOf(t))delete t[s];Object.defineProperty(self,s,{value:void 0,configurable:!1,writable:!1})}o({kind:"ready"})}function u(e,n){o({kind:"beat",number:e,left:n})}function m(e){let n=(...r)=>d.get(e.kind)(...r);switch(e.kind){case"prepare":return n(e.assignment,e.exercise);case"check":return n(u,e.assignment,e.exercise,JSON.stringify(e.sources),e.language,JSON.stringify(e.ended));case"run":return n(u,e.assignment,e.exercise,JSON.stringify(e.sources));case"unpack":return n(e.assignment,e.file,e.content,e.language);case"pack":return n(e.assignment,JSON.stringify(e.sources),e.student,e.offset,e.language)}}self.onmessage=e=>{let n=e.data;if(n.kind==="boot"){f(n).catch(r=>o({kind:"broken",reason:String(r)}));return}try{o({kind:"done",id:n.id,value:m(n)})}catch(r){o({kind:"broken",reason:String(r)})}};})();
