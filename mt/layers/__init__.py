"""What the encoder and the decoder are made of: recurrences, dropout, prepacked products, the loss."""
