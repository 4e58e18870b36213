"""The server: LibreTranslate's protocol, `/inspect`, `/metrics` and one page, over trained runs.

    HTTP -> connections -> middleware -> app -> access -> call -> service -> batcher -> translator
                                            (segments, detection)    (turns)
                                                     processor: who may compute

A client is known by its address, or by its key where keys are asked for. Clients take turns.

Importing this loads neither FastAPI nor torch; `mt.commands.serve` is where the command begins.
"""
