/* For LD_PRELOAD into PyTorch: libtorch's MKL asks these two names, which libtorch_cpu exports, for the processor's
   vendor. Found here first, they let it choose kernels by the processor's features, as this package's programs do. */
int mkl_serv_intel_cpu_true(void) { return 1; }
int mkl_serv_intel_cpu(void) { return 1; }
