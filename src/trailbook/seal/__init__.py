"""PROOF: the Merkle tree of RFC 6962 over bytes; knows nothing of events or stores."""
