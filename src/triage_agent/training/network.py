"""The network that is fine-tuned: an encoder and linear heads over its vectors.

Heads over the mean vector of a text: what kind it is, the signals, the part of the business, the
red flags. One head over the vector of each word piece: whether it is part of an order to the
reader. All are linear, so what a word piece adds to a log-odds can be read off its own vector.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel

from triage_agent.training.examples import FLAGS, FUNCTIONS, KINDS, SIGNALS

HEADS = {
    "kind": len(KINDS),
    "signals": len(SIGNALS),
    "function": len(FUNCTIONS),
    "flags": len(FLAGS),
}
DROPOUT = 0.1


class Network(nn.Module):
    """Encoder and heads; takes word pieces (texts × pieces) and their mask."""

    def __init__(self, encoder: Path) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(encoder, dtype=torch.float32)
        # Few of the words occur in the training texts; the others must not drift away from them.
        self.encoder.embeddings.word_embeddings.requires_grad_(False)
        width = self.encoder.config.hidden_size
        self.dropout = nn.Dropout(DROPOUT)
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in HEADS.items()})
        self.order = nn.Linear(width, 1)

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Return the log-odds of each head (texts × outputs) and of "order" (texts × pieces)."""
        vectors = self.encoder(ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(vectors.dtype)
        mean = self.dropout((vectors * weights).sum(1) / weights.sum(1))
        scores = {name: head(mean) for name, head in self.heads.items()}
        return scores, self.order(vectors).squeeze(-1)
