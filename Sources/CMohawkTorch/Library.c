// Loads the library over libtorch when it is needed, and keeps what was wished before.
#include "Library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "CMohawkTorch.h"
#include "Entry.h"
#include "MohawkInstructions.h"

#if defined(__APPLE__)
#include <mach-o/dyld.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

static const char file[] = "libMohawkTorch.so";
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_once_t located = PTHREAD_ONCE_INIT;
static const char *place;  // the library's file, once located
static void *library;
static atomic_bool is_loaded;
static atomic_bool keeps_memory;
static atomic_int mkl_features = -1;  // not said
static _Thread_local bool is_loading;     // in `load`, which calls the library itself
static _Thread_local int gradients = -1;  // what this thread said before the library was there; -1: nothing

/// The folder of this program with the file's name behind it; the name alone where the system does not say.
static const char *beside_program(void) {
  static char path[4096 + sizeof file];
  path[0] = 0;
#if defined(__linux__)
  const ssize_t length = readlink("/proc/self/exe", path, 4096);
  path[length > 0 && length < 4096 ? length : 0] = 0;
#elif defined(__APPLE__)
  uint32_t size = 4096;
  if (_NSGetExecutablePath(path, &size) != 0) path[0] = 0;
#endif
  char *const slash = strrchr(path, '/');
  strcpy(slash ? slash + 1 : path, file);
  return path;
}

static void locate(void) {
  const char *const named = getenv("MOHAWK_TORCH_LIBRARY");
  place = named && named[0] ? named : beside_program();
}

/// OpenMP's threads wait actively by default: on a machine that other programs keep busy each of them spends its share of
/// a processor waiting for one that has none, and training becomes many times slower. Waiting passively costs a quiet
/// machine 7 % and more, because a thread has to be woken for every parallel region; a wait of a few microseconds before
/// it sleeps costs neither. libgomp looks at the environment when it is loaded. Who sets one of the variables is obeyed.
static void wait_briefly(void) {
  static const char *const variables[] = {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"};
  for (int i = 0; i < 3; i++)
    if (getenv(variables[i])) return;
  setenv("GOMP_SPINCOUNT", "3000", 1);
}

static void *symbol(const char *name) {
  void *const found = dlsym(library, name);
  if (found) return found;
  fprintf(stderr, "mohawk: the library over libtorch has no %s: it belongs to another version, build it again\n", name);
  exit(1);
}

static void load(void) {
  wait_briefly();
  pthread_once(&located, locate);
  library = dlopen(place, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr,
            "mohawk: this needs libtorch, and the library over it cannot be loaded: %s; it belongs beside the program, "
            "where `swift build` puts it, or MOHAWK_TORCH_LIBRARY names it\n",
            dlerror());
    exit(1);
  }
  is_loading = true;
  static const mhk_host host = {mhk_instructions};
  mhk_library_attach(&host);
  if (keeps_memory) mhk_library_keep_freed_memory();
  if (mkl_features >= 0) mhk_library_allow_mkl_features(mkl_features);
  const mhk_thread_source *const threads = mhk_library_threads();
  if (mhk_threads_set() > 0) threads->set_threads(mhk_threads_set());
  mhk_use_threads_of(threads);
  is_loading = false;
  is_loaded = true;
}

/// Passes on what this thread said before the library was there.
static void tell_gradients(void) {
  const int said = gradients;
  gradients = -1;
  if (said >= 0) mhk_library_set_grad_enabled(said);
}

void *mhk_entry(const char *name) {
  if (!is_loading) {
    pthread_once(&once, load);
    tell_gradients();
  }
  return symbol(name);
}

bool mhk_is_loaded(void) { return is_loaded; }

bool mhk_is_available(void) {
  if (is_loaded) return true;
  pthread_once(&located, locate);
  return !strchr(place, '/') || access(place, R_OK) == 0;  // a name alone is looked for where the system keeps libraries
}

// What can be wished before the library is there.

bool mhk_keep_freed_memory(void) {
  keeps_memory = true;
  if (is_loaded) mhk_library_keep_freed_memory();
#if defined(__GLIBC__)
  // Large temporaries of libtorch's parts come from the C library's heap and stay mapped.
  bool done = mallopt(M_MMAP_MAX, 0) == 1;
  done = mallopt(M_TRIM_THRESHOLD, -1) == 1 && done;  // -1 becomes the largest size_t: never trim
  return mallopt(M_TOP_PAD, 256 << 20) == 1 && done;
#else
  return false;
#endif
}

void mhk_release_freed_memory(void) {
  if (is_loaded) mhk_library_release_freed_memory();
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

void mhk_allow_mkl_features(bool allowed) {
  mkl_features = allowed;
  if (is_loaded) mhk_library_allow_mkl_features(allowed);
}

// Every thread has a setting of its own.

bool mhk_grad_enabled(void) {
  if (!is_loaded) return gradients != 0;
  tell_gradients();
  return mhk_library_grad_enabled();
}

void mhk_set_grad_enabled(bool enabled) {
  gradients = enabled;
  if (is_loaded) tell_gradients();
}
