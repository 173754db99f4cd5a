// Exceptions to messages.
#pragma once
#include <exception>
#include <string>

#include "MohawkBase.h"

namespace mohawk {

template <typename Body>
mhk_error guarded(Body &&body) {
  static thread_local std::string message;
  try {
    body();
    return nullptr;
  } catch (const std::exception &error) {
    message = error.what();
  } catch (...) {
    message = "unknown exception";
  }
  return message.c_str();
}

}  // namespace mohawk
