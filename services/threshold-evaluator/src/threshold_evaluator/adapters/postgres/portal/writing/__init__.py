"""What the portal writes: settings documents, inbox marks, erasure, audit lines."""
