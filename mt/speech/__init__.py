"""Sound as a source: recordings -> frames, the front end that reads them, corpora of speech."""
