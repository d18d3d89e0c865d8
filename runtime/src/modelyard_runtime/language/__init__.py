"""Language models in GGUF files: text in, text out, a token at a time.

The engine is llama.cpp. It runs in the model server's process, behind the sandbox's walls.
"""
