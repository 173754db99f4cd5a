/// Event records as the protobuf classes and the checksum of PyPI `tensorboard` 2.19.0 write them:
/// `Event(wall_time=1.5, …).SerializeToString()` between length and `masked_crc32c`s.
enum Goldens {
  static let version =
    "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"
  static let scalars =
    "31000000000000009d8383e909000000000000f83f10ac022a230a170a106f7269656e746174696f6e2f6c6f73731500"
    + "00803e0a080a016115caf249f15b444f8d"
  static let start =
    "0f000000000000006d532b0909000000000000f83f10073a020801774771c7"
}
