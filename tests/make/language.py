"""A language model of random weights in a GGUF file: it writes nonsense, always the same."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

TEMPLATE = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:"
)
_WORDS = [first + second for first in "abcdefghijklmnop" for second in "aeiouy"]


def a_language_model(
    file: Path, *, width: int = 64, layers: int = 2, context: int = 512, words: int = 96
) -> Path:
    """Write a llama of so many layers; half a megabyte unless told otherwise."""
    random = np.random.default_rng(7)
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_name("nonsense")
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(4)
    writer.add_head_count_kv(4)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // 4)
    count = _add_tokenizer(writer, (_WORDS * (words // len(_WORDS) + 1))[:words])

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, (random.standard_normal(shape) * 0.05).astype(np.float32))

    add("token_embd.weight", count, width)
    add("output.weight", count, width)
    writer.add_tensor("output_norm.weight", np.ones(width, np.float32))
    for layer in range(layers):
        block = f"blk.{layer}."
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}{name}.weight", np.ones(width, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"{block}{name}.weight", width, width)
        add(f"{block}ffn_gate.weight", 2 * width, width)
        add(f"{block}ffn_up.weight", 2 * width, width)
        add(f"{block}ffn_down.weight", width, 2 * width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def _add_tokenizer(writer: gguf.GGUFWriter, words: list[str]) -> int:
    """Write a vocabulary of bytes and words; nothing ends a text but its length."""
    kinds = gguf.TokenType
    special = [(b"<unk>", kinds.UNKNOWN), (b"<s>", kinds.CONTROL), (b"</s>", kinds.CONTROL)]
    entries = [*special, *((b"<0x%02X>" % byte, kinds.BYTE) for byte in range(256))]
    entries += [(f"▁{word}{at}".encode(), kinds.NORMAL) for at, word in enumerate(words)]
    writer.add_vocab_size(len(entries))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text for text, _ in entries])
    writer.add_token_scores([-1.0] * len(entries))
    writer.add_token_types([kind for _, kind in entries])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(TEMPLATE)
    return len(entries)
