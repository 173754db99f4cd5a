#define USE_C10D_GLOO
#include <ATen/ops/from_blob.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "MohawkRanks.h"

namespace {

using Milliseconds = std::chrono::milliseconds;

struct Ranks {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group;
  Milliseconds timeout;
  int rank, size;
};

/// Never freed: threads that wait for an answer may still hold it when the process ends.
std::shared_ptr<Ranks> &get(mhk_ranks ranks) { return *static_cast<std::shared_ptr<Ranks> *>(ranks.object); }

template <typename Body>
char *guarded(Body body) {
  try {
    body();
    return nullptr;
  } catch (const c10::Error &error) {
    return strdup(error.what_without_backtrace());
  } catch (const std::exception &error) {
    return strdup(error.what());
  }
}

/// Runs `body` on a thread of its own and waits for it for a while: from a store whose process hangs no answer ever comes.
char *within(Milliseconds timeout, std::function<void()> body) {
  auto promise = std::make_shared<std::promise<char *>>();
  auto answer = promise->get_future();
  std::thread([promise, body = std::move(body)] { promise->set_value(guarded(body)); }).detach();
  if (answer.wait_for(timeout) == std::future_status::ready) return answer.get();
  return strdup("no answer");
}

using Work = c10::intrusive_ptr<c10d::Work>;

at::Tensor asTensor(void *start, int64_t count) { return at::from_blob(start, {count}, at::TensorOptions(at::kByte)); }

/// The network that the ranks use: the interfaces that GLOO_SOCKET_IFNAME names, as in PyTorch, or the one of this machine's
/// name. The processes of one machine need no name of it that others know.
auto devices(const std::string &address) {
  using Gloo = c10d::ProcessGroupGloo;
  decltype(Gloo::Options::create()->devices) found;
  const char *const named = std::getenv("GLOO_SOCKET_IFNAME");
  std::stringstream names(named != nullptr ? named : "");
  for (std::string name; std::getline(names, name, ',');) found.push_back(Gloo::createDeviceForInterface(name));
  if (!found.empty()) return found;
  const bool isAlone = address == "127.0.0.1" || address == "localhost";
  found.push_back(isAlone ? Gloo::createDeviceForHostname("127.0.0.1") : Gloo::createDefaultDevice());
  return found;
}

bool has(c10d::Store &store, const std::string &name) { return store.check({name}); }

/// What a roll call has found so far.
struct RollCall {
  std::mutex lock;
  std::vector<bool> answered;
};

/// Says that this rank is there, and listens for the others until all have answered or the time is over.
void listen(Ranks &ranks, RollCall &call, Milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  ranks.store->set("lost." + std::to_string(ranks.rank), std::string("1"));
  while (true) {
    bool all = true;
    for (int other = 0; other < ranks.size; other++) {
      const auto number = std::to_string(other);
      const bool answers =
          other == ranks.rank || has(*ranks.store, "lost." + number) || has(*ranks.store, "failed." + number);
      const std::lock_guard guard(call.lock);
      call.answered[other] = answers;
      all = all && answers;
    }
    if (all || std::chrono::steady_clock::now() > end) return;
    std::this_thread::sleep_for(Milliseconds(50));
  }
}

}  // namespace

extern "C" {

void mhk_ranks_free(char *text) { free(text); }

char *mhk_ranks_join(const char *address, int32_t port, bool hosts, const char *group, int32_t rank,
                               int32_t size, double seconds, mhk_ranks *out) {
  // Every failure becomes an error that is told once.
  FLAGS_caffe2_log_level = 3;
  return guarded([&] {
    const Milliseconds timeout(static_cast<int64_t>(seconds * 1000));
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = hosts && rank == 0;
    options.numWorkers = size;
    options.waitWorkers = false;
    options.timeout = timeout;
    auto base = c10::make_intrusive<c10d::TCPStore>(std::string(address), options);
    c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::PrefixStore>(std::string(group), base);
    auto settings = c10d::ProcessGroupGloo::Options::create(timeout);
    settings->devices = devices(address);
    store->setTimeout(timeout);
    store->set("joined." + std::to_string(rank), std::string("1"));
    for (int other = 0; other < size; other++) {
      try {
        store->wait({"joined." + std::to_string(other)}, timeout);
      } catch (const std::exception &) {
        throw std::runtime_error("rank " + std::to_string(other) + " of " + std::to_string(size) + " has not come");
      }
    }
    auto joined = c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, settings);
    out->object = new auto(std::make_shared<Ranks>(store, joined, timeout, rank, size));
  });
}

char *mhk_ranks_sum_doubles(mhk_ranks ranks, double *numbers, int64_t count) {
  return guarded([&] {
    std::vector<at::Tensor> tensors{at::from_blob(numbers, {count}, at::TensorOptions(at::kDouble))};
    get(ranks)->group->allreduce(tensors)->wait(get(ranks)->timeout);
  });
}

char *mhk_ranks_exchange(mhk_ranks ranks, void *sent, const int64_t *sentCounts, void *received,
                         const int64_t *receivedCounts, mhk_ranks_work *out) {
  return guarded([&] {
    const auto size = static_cast<size_t>(get(ranks)->size);
    std::vector<int64_t> to(sentCounts, sentCounts + size), from(receivedCounts, receivedCounts + size);
    auto input = asTensor(sent, std::accumulate(to.begin(), to.end(), int64_t{0}));
    auto output = asTensor(received, std::accumulate(from.begin(), from.end(), int64_t{0}));
    out->object = new Work(get(ranks)->group->alltoall_base(output, input, from, to));
  });
}

char *mhk_ranks_gather(mhk_ranks ranks, void *own, int64_t count, void *all, mhk_ranks_work *out) {
  return guarded([&] {
    auto input = asTensor(own, count), output = asTensor(all, count * get(ranks)->size);
    out->object = new Work(get(ranks)->group->_allgather_base(output, input));
  });
}

char *mhk_ranks_finish(mhk_ranks ranks, mhk_ranks_work work) {
  auto *const pending = static_cast<Work *>(work.object);
  auto *const error = guarded([&] { (*pending)->wait(get(ranks)->timeout); });
  if (error == nullptr) delete pending;
  return error;
}

char *mhk_ranks_share(mhk_ranks ranks, uint8_t *bytes, int64_t count) {
  return guarded([&] {
    std::vector<at::Tensor> tensors{asTensor(bytes, count)};
    get(ranks)->group->broadcast(tensors)->wait(get(ranks)->timeout);
  });
}

char *mhk_ranks_tell(mhk_ranks ranks, const char *name, const char *text) {
  auto &group = get(ranks);
  return within(group->timeout,
                [group, name = std::string(name), text = std::string(text)] { group->store->set(name, text); });
}

char *mhk_ranks_told(mhk_ranks ranks, const char *name, char **text) {
  auto &group = get(ranks);
  auto found = std::make_shared<std::string>();
  auto isThere = std::make_shared<bool>(false);
  *text = nullptr;
  auto error = within(group->timeout, [group, found, isThere, name = std::string(name)] {
    if (!has(*group->store, name)) return;
    *found = group->store->get_to_str(name);
    *isThere = true;
  });
  if (error == nullptr && *isThere) *text = strdup(found->c_str());
  return error;
}

void mhk_ranks_roll_call(mhk_ranks ranks, double seconds, bool *silent) {
  auto &group = get(ranks);
  // Its threads may hang with it.
  std::thread([connections = std::exchange(group->group, nullptr)]() mutable { connections.reset(); }).detach();
  const Milliseconds timeout(static_cast<int64_t>(seconds * 1000));
  auto call = std::make_shared<RollCall>();
  call->answered.assign(group->size, false);
  auto error = within(timeout * 2, [group, call, timeout] { listen(*group, *call, timeout); });
  const std::lock_guard guard(call->lock);
  // A store that fails went with rank 0, after rank 0 has answered because it has heard enough.
  const bool storeIsLost = error != nullptr && !call->answered[0];
  for (int other = 0; other < group->size; other++) {
    silent[other] = storeIsLost ? other == 0 : other != group->rank && !call->answered[other];
  }
  free(error);
}

}  // extern "C"
