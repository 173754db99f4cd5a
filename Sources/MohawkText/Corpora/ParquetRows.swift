import Foundation
import MohawkFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The rows of a Parquet file as lines of JSON, read by the Python package pyarrow in a process of its own.
public struct ParquetRows: ByteChunks {
  /// The Python that has pyarrow: a path, or a name that is looked for in `PATH`.
  @TaskLocal public static var python = "python3"

  private let path: String
  private let bytes: Int
  private let columns: [String]

  /// - Parameters:
  ///   - path: the file.
  ///   - bytes: its size.
  ///   - columns: those that are read, where the file has them.
  init(_ path: String, bytes: Int, columns: [String]) {
    self.path = path
    self.bytes = bytes
    self.columns = columns
  }

  func visit(_ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Bool) throws -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [Self.python, "-c", Self.program, path] + columns
    let (output, errors) = (Pipe(), Pipe())
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    do {
      try process.run()
    } catch {
      throw MohawkError(.unsupported, "\(Self.python) cannot be started: \(error)", at: path, remedy: Self.remedy)
    }
    defer {
      // Not the signal to terminate, which a child of a thread that blocks it never gets.
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
    }
    var read = 0
    while let chunk = try output.fileHandleForReading.read(upToCount: 1 << 20), !chunk.isEmpty {
      read += chunk.count
      let shouldContinue = try chunk.withUnsafeBytes { try body($0.bindMemory(to: UInt8.self), min(read, bytes)) }
      if !shouldContinue { return false }
    }
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    if process.terminationStatus != 0 || process.terminationReason != .exit {
      throw fault(Int(process.terminationStatus), said.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    return true
  }

  private static let remedy =
    "install Python and `python3 -m pip install pyarrow`, or name a Python that has pyarrow in MOHAWK_PYTHON"

  private func fault(_ status: Int, _ said: String) -> MohawkError {
    switch status {
    case 127:
      return MohawkError(
        .unsupported, "Parquet is read through Python, and there is no \(Self.python)", at: path, remedy: Self.remedy)
    case 3:
      return MohawkError(
        .unsupported, "Parquet is read through the package pyarrow, which \(Self.python) does not have", at: path,
        remedy: "`\(Self.python) -m pip install pyarrow`, or name a Python that has it in MOHAWK_PYTHON")
    case 4:
      return MohawkError(
        .invalidFormat, "there is no column \(columns[0]), messages or conversations; there are: \(said)",
        at: path,
        remedy: "name the column that holds the text with --text-key")
    default:
      return MohawkError(
        .invalidFormat, "pyarrow cannot read this: \(said.isEmpty ? "it ended with \(status)" : said)", at: path,
        remedy: "check that the file is whole, and that it is Parquet")
    }
  }

  /// Prints each row as a line of JSON. It ignores Ctrl-C, because the process that reads it decides when to stop.
  private static let program = """
    import json, os, signal, sys
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        import pyarrow.parquet
    except ImportError:
        sys.exit(3)
    try:
        file = pyarrow.parquet.ParquetFile(sys.argv[1])
        names = file.schema_arrow.names
        columns = [name for name in dict.fromkeys(sys.argv[2:]) if name in names]
        if not set(columns) & set(sys.argv[2:5]):
            sys.stderr.write(", ".join(names[:20]) + (" and more" if len(names) > 20 else ""))
            sys.exit(4)
        for batch in file.iter_batches(batch_size=256, columns=columns):
            lines = [json.dumps(row, default=str) + "\\n" for row in batch.to_pylist()]
            sys.stdout.write("".join(lines))
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        sys.stderr.write(f"{type(error).__name__}: {error}"[:400].replace("\\n", " "))
        sys.exit(1)
    """
}
