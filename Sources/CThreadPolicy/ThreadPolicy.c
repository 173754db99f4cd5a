// OpenMP's threads wait actively by default: on a machine that other programs keep busy each of them spends its share of
// a processor waiting for one that has none, and training becomes many times slower. Waiting passively costs a quiet
// machine 7 % and more, because a thread has to be woken for every parallel region; a wait of a few microseconds before
// it sleeps costs neither. libgomp looks at the environment of
// the process when it is loaded, before `main` and before any `setenv` could reach it. So the process starts itself again
// with the variable set, from `.preinit_array`, which runs before the initialisers of libraries: that is one more
// start of the process, with nothing loaded yet. Who sets one of the variables is obeyed.
#include "CThreadPolicy.h"

#if defined(__linux__)
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const variables[] = {"OMP_WAIT_POLICY=", "GOMP_SPINCOUNT=", "KMP_BLOCKTIME="};

static int is_set(char **environment) {
  for (; *environment; environment++)
    for (int i = 0; i < 3; i++)
      if (strncmp(*environment, variables[i], strlen(variables[i])) == 0) return 1;
  return 0;
}

static void wait_briefly(int count, char **arguments, char **environment) {
  (void)count;
  if (is_set(environment)) return;
  // Under its own name, which is what `ps` shows.
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  size_t entries = 0;
  while (environment[entries]) entries++;
  char **extended = malloc((entries + 2) * sizeof *extended);
  if (!extended) return;
  memcpy(extended, environment, entries * sizeof *extended);
  extended[entries] = "GOMP_SPINCOUNT=3000";
  extended[entries + 1] = NULL;
  execve(path, arguments, extended);
  free(extended);  // it cannot be started again, and goes on as it is
}

__attribute__((section(".preinit_array"), used, retain)) static void (*const before_libraries)(int, char **, char **) =
    wait_briefly;
#endif
