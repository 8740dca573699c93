"""Makes the files of the embedded model, a step each: encoder, heads, neighbours, flags."""
