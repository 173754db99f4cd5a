import HTTPTypes
import Hummingbird
import NIOCore

/// The page at `/`: a prompt for all models side by side, and a chat. It needs nothing from elsewhere.
enum ServerPage {
  static let response = Response(
    status: .ok,
    headers: [
      .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
      .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        + "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ],
    body: .init(byteBuffer: ByteBuffer(string: html)))

  /// The markup with styles and scripts in their places.
  static let html = [
    ("page.css", PackageResources.page_css), ("shared.js", PackageResources.shared_js),
    ("compare.js", PackageResources.compare_js), ("chat.js", PackageResources.chat_js),
  ].reduce(String(decoding: PackageResources.page_html, as: UTF8.self)) { html, part in
    html.replacing("/*\(part.0)*/", with: String(decoding: part.1, as: UTF8.self))
  }
}
