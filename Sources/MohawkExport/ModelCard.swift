/// The README of an exported model's folder.
struct ModelCard {}
