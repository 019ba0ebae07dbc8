"""The folder format: schema, reader with file and line of every value, canonical writer, published JSON Schema."""
