// Linked into executables: lets the threads of libtorch's parallel regions sleep soon while they wait for work. It acts by
// itself, before `main`.
#pragma once
