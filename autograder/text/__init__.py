"""Sentences, and what they are written in: languages, messages, text from strangers.

In: a message's name and its values, or text that student code or a file brought. Out: text in
the reader's language that no terminal and no page takes for a command. Nothing here knows what
the sentences are about.
"""
