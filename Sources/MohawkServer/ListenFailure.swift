import Foundation
import MohawkFiles
import NIOCore

extension MohawkError {
  /// Why a server cannot listen.
  init(listening error: any Error, _ host: String, _ port: Int) {
    let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE:
      self.init(
        .alreadyInUse, "port \(port) is taken", at: place,
        remedy: "end the program that listens there, or take another port with --port; 0 takes a free one")
    case EADDRNOTAVAIL:
      self.init(
        .invalidValue, "this machine has no address '\(host)'", at: place,
        remedy: "--host 127.0.0.1 listens for this machine alone, 0.0.0.0 for its networks")
    case EACCES, EPERM:
      self.init(
        .notReadable, "port \(port) is only for the system", at: place, remedy: "take one from 1024 on with --port")
    case nil where error is SocketAddressError.UnknownHost || error is SocketAddressError:
      self.init(
        .invalidValue, "there is no host '\(host)'", at: place,
        remedy: "--host takes an address of this machine, such as 127.0.0.1, or a name of it")
    default:
      self.init(.notReadable, "cannot listen: \(error)", at: place, remedy: "try another --host or --port")
    }
  }
}
