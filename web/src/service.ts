// The service worker: once the page has been here, it opens without a network.
declare const self: ServiceWorkerGlobalScope & typeof globalThis;
export {};

const CACHE = "autograder";

interface Listing {
  files: string[];
}

self.addEventListener("install", (event) => {
  // The large files come as the page fetches them, which happens at the same time.
  const work = async () => {
    const cache = await caches.open(CACHE);
    const listing = await listed("reload");
    const shell = ["./", "files.json", ...listing.files.filter((name) => !isLarge(name))];
    await cache.addAll(shell);
  };
  event.waitUntil(work().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forget().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(answer(request));
});

const isLarge = (name: string): boolean => name.startsWith("runtime/");

async function listed(cache: RequestCache): Promise<Listing> {
  return (await (await fetch("files.json", { cache })).json()) as Listing;
}

/** Names with a hash never change; the page itself is asked for anew where there is a network. */
async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const isPage = request.mode === "navigate" || /\/(index\.html|files\.json)?$/.test(request.url.replace(/[?#].*/, ""));
  if (!isPage) return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request.mode === "navigate" ? "./" : request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request.mode === "navigate" ? "./" : request);
    if (kept === undefined) throw error;
    return kept;
  }
}

/** Remove what an earlier release of this site had and this one has not. */
async function forget(): Promise<void> {
  const cache = await caches.open(CACHE);
  const listing = (await (await cache.match("files.json"))?.json()) as Listing | undefined;
  if (listing === undefined) return;
  const scope = self.registration.scope;
  const known = new Set(["", "files.json", ...listing.files].map((name) => scope + name));
  for (const request of await cache.keys()) {
    if (request.url.startsWith(scope) && !known.has(request.url)) await cache.delete(request);
  }
}
