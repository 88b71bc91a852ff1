//===- StepRunner.cpp - Runs a compiled step with taps --------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StepRunner.h"

#include "HostCode.h"
#include "KernelMemory.h"

#include "hone/codegen/Common/Buffers.h"
#include "hone/dialects/LLM/Encodings.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

SmallVector<func::CallOp> equivalence::getKernelCalls(func::FuncOp step) {
  return llvm::to_vector(step.getBody().front().getOps<func::CallOp>());
}

namespace {

/// [begin, end) of memory. Keys and values are one place, whatever the layer.
struct Range {
  const uint8_t *begin = nullptr, *end = nullptr;

  bool overlaps(const Range &other) const { return begin < other.end && other.begin < end; }
  bool holds(const uint8_t *place) const { return begin <= place && place < end; }
};

/// A kernel call of the step while it runs.
struct RunningCall {
  func::CallOp op;
  SmallVector<OpResult> results; ///< in the order of the call's operands in memory: keys and values come first
  SmallVector<unsigned> arrived; ///< how often workers have shown each of them
  int64_t arrivals = 0;          ///< how often they do: once for each phase of the kernel

  bool hasBegun() const { return !arrived.empty() && arrived.front() > 0; }
  bool isDone() const {
    return llvm::all_of(arrived, [&](unsigned count) { return count == arrivals; });
  }
};

/// One run: the memory of the step, and what its barriers and taps come to. Workers run one at a time.
class Run {
public:
  Run(const hone_module &program, size_t counterBytes, const Trace &reference, int64_t workers, WorkerOrder order)
      : program(program), counterBytes(counterBytes), reference(reference), workers(workers), schedule(workers, order) {
  }

  Status prepare(WeightValues &weights);
  Result<StepRun> run();

  void wait() {
    ++waits;
    schedule.wait();
  }
  void tap(int64_t worker, int64_t call, int64_t value, const void *memory, int64_t bytes);

private:
  const hone_module &program;
  size_t counterBytes;
  const Trace &reference;
  int64_t workers;
  WorkerSchedule schedule;
  hone_step step = {};
  std::optional<AlignedBytes> arena, workerArena, logits;
  std::optional<Pages> pages;
  std::vector<std::shared_ptr<AlignedBytes>> weightBytes;
  std::vector<const uint8_t *> weightTable;
  std::vector<RunningCall> calls;
  DenseMap<Value, Range> places; ///< of the values that calls left
  StepRun result;
  Status failure;
  unsigned waits = 0;

  /// Allocates `bytes` of NaN.
  static uint8_t *allocate(std::optional<AlignedBytes> &memory, size_t bytes) {
    memory.emplace(bytes);
    std::memset(memory->data(), 0xff, bytes);
    return memory->data();
  }
  static bool isInside(const AlignedBytes &memory, Range range) {
    return range.begin >= memory.data() && range.end <= memory.data() + memory.size();
  }
  template <typename T> const T *getInput(StepArgument argument) {
    func::FuncOp function = reference.function;
    return reference.values.lookup(function.getArgument(argument))->as<T>();
  }

  Status checkPlace(int64_t call, OpResult value, Range place, int64_t bytes);
  void keep(OpResult value, Range place);
  void findRaces(unsigned call);
  void findOverwritten(unsigned reader, Operation *op);
};

} // namespace

Status Run::prepare(WeightValues &weights) {
  func::FuncOp function = reference.function;
  auto rows = reference.values.lookup(function.getArgument(kTokens))->size();
  if (rows > program.max_rows)
    return Error("expected at most " + std::to_string(program.max_rows) +
                 " tokens, which are the rows of one step, got " + std::to_string(rows) + "; say fewer --tokens");
  for (func::CallOp op : getKernelCalls(function)) {
    RunningCall &call = calls.emplace_back();
    call.op = op;
    auto kernel = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, op.getCalleeAttr());
    call.arrivals = getSharedType(&kernel.getBody().front().front()) ? 2 * workers : workers;
    auto isMemory = [](OpResult value) { return isa<llm::KVType>(value.getType()); };
    llvm::copy_if(op->getResults(), std::back_inserter(call.results), isMemory);
    llvm::copy_if(op->getResults(), std::back_inserter(call.results), std::not_fn(isMemory));
    call.arrived.resize(call.results.size());
  }
  for (auto weight : function->getParentOfType<ModuleOp>().getOps<llm::WeightOp>()) {
    Result<std::shared_ptr<AlignedBytes>> bytes = weights.getBytes(weight);
    if (!bytes)
      return bytes.takeError();
    weightTable.push_back((*bytes)->data());
    weightBytes.push_back(std::move(*bytes));
  }
  if (weightTable.size() != program.weight_count)
    return Error("expected a step with " + std::to_string(weightTable.size()) + " weights, got " +
                 std::to_string(program.weight_count));
  BlockArgument memory = function.getArgument(kPages);
  pages.emplace(*reference.values.lookup(memory), cast<llm::KVType>(memory.getType()));

  step.rows = rows;
  step.tokens = getInput<int32_t>(kTokens);
  step.positions = getInput<int32_t>(kPositions);
  step.sequences = getInput<int32_t>(kSequences);
  step.logit_row = getInput<int32_t>(kLogitRows);
  step.logit_rows = reference.values.lookup(function.getArgument(kLogitRows))->size();
  step.pages = static_cast<uint8_t *const *const *>(pages->getAddress());
  step.weights = weightTable.data();
  step.logits = reinterpret_cast<float *>(allocate(logits, reference.results.front()->bytes.size()));
  step.arena = allocate(arena, program.arena_bytes);
  std::memset(step.arena + program.arena_bytes - counterBytes, 0, counterBytes);
  step.worker_arena = allocate(workerArena, program.worker_arena_bytes * workers);
  step.barrier = reinterpret_cast<hone_barrier *>(this);
  return std::nullopt;
}

Result<StepRun> Run::run() {
  // The highest level that the pipeline made code for and this machine runs.
  hone_step_function code = nullptr;
  for (x86::Level level : x86::getHostLevels())
    if (hone_step_function made = program.steps[static_cast<unsigned>(level)])
      code = made;
  if (!code) {
    const auto *made = llvm::find_if(program.steps, [](hone_step_function function) { return function != nullptr; });
    assert(made != std::end(program.steps) && "a step has code for a level");
    return *checkHost(static_cast<x86::Level>(made - std::begin(program.steps)));
  }
  schedule.run([&](int64_t worker) { code(&step, static_cast<int32_t>(worker), static_cast<int32_t>(workers)); });
  if (failure)
    return *failure;
  for (const auto &[number, call] : llvm::enumerate(calls))
    if (!call.isDone())
      return Error("call " + std::to_string(number) +
                   " of the step showed nothing; expected 'hone-insert-taps' behind " +
                   "'hone-place-barriers' in --kernel-pipeline");
  func::FuncOp function = reference.function;
  findOverwritten(calls.size(), function.getBody().front().getTerminator());
  result.barriers = waits / workers;
  return std::move(result);
}

void Run::tap(int64_t worker, int64_t number, int64_t position, const void *memory, int64_t bytes) {
  if (failure)
    return;
  if (number >= static_cast<int64_t>(calls.size()) || position >= static_cast<int64_t>(calls[number].results.size())) {
    failure = Error("the step shows value " + std::to_string(position) + " of call " + std::to_string(number) +
                    ", which the scheduled module does not have");
    return;
  }
  RunningCall &call = calls[number];
  OpResult value = call.results[position];
  const auto *begin = static_cast<const uint8_t *>(memory);
  Range place{begin, begin + std::max<int64_t>(bytes, 1)};
  if ((failure = checkPlace(number, value, place, bytes)))
    return;
  ++call.arrived[position];
  places[value] = place;
  findRaces(number);
  if (call.arrived[position] == call.arrivals)
    keep(value, place);
  if (call.isDone())
    findOverwritten(number, call.op);
}

/// Code that is wrong may hand over anything.
Status Run::checkPlace(int64_t call, OpResult value, Range place, int64_t bytes) {
  std::string where = "call " + std::to_string(call) + " of the step shows ";
  bool isMemory = isa<llm::KVType>(value.getType());
  int64_t expected = isMemory ? 0 : getMemoryBytes(value.getType(), *reference.values.lookup(value));
  auto describe = [](int64_t number) {
    return number == 0 ? std::string("keys and values") : std::to_string(number) + " bytes";
  };
  if (bytes != expected)
    return Error(where + describe(bytes) + ", expected " + describe(expected) +
                 ": its kernel calls are not those of the scheduled module, in their order");
  if (isMemory) {
    if (place.begin != static_cast<uint8_t *>(pages->getAddress()))
      return Error(where + "other memory than that of keys and values");
    return std::nullopt;
  }
  if (!isInside(*arena, place) && !isInside(*logits, place))
    return Error(where + "memory outside the arena");
  return std::nullopt;
}

void Run::keep(OpResult value, Range place) {
  TappedValue &kept = result.values[value];
  if (isa<llm::KVType>(value.getType())) {
    kept.numbers = pages->toNumbers();
    kept.bytes.assign(kept.numbers->bytes.data(), kept.numbers->bytes.data() + kept.numbers->bytes.size());
    return;
  }
  kept.bytes.assign(place.begin, place.end);
  kept.numbers = readMemory(value.getType(), kept.bytes.data(), *reference.values.lookup(value));
}

/// What `call` writes or reads must not be what a call before it, which some worker is still to run, writes or reads.
void Run::findRaces(unsigned number) {
  auto readsPlace = [&](RunningCall &reader, Range place) {
    for (Value operand : reader.op->getOperands())
      if (auto known = places.find(operand); known != places.end() && known->second.overlaps(place))
        return cast<OpResult>(operand);
    return OpResult();
  };
  for (unsigned before = number; before-- > 0;) {
    // What is behind a barrier is done.
    if (calls[before].isDone())
      break;
    for (OpResult value : calls[before].results)
      if (OpResult read = readsPlace(calls[number], places.lookup(value)))
        result.races.push_back({read, number, before});
    for (OpResult value : calls[number].results) {
      Range place = places.lookup(value);
      for (OpResult other : calls[before].results)
        if (place.overlaps(places.lookup(other)))
          result.races.push_back({other, number, before});
      if (OpResult read = readsPlace(calls[before], place))
        result.races.push_back({read, before, number});
    }
  }
}

/// The values that `op` reads must be what they were when they were made.
void Run::findOverwritten(unsigned reader, Operation *op) {
  for (Value operand : op->getOperands()) {
    auto kept = result.values.find(operand);
    if (kept == result.values.end() || isa<llm::KVType>(operand.getType()))
      continue;
    const std::vector<uint8_t> &bytes = kept->second.bytes;
    const uint8_t *now = places.lookup(operand).begin;
    const uint8_t *changed = std::mismatch(bytes.begin(), bytes.end(), now).second;
    if (changed == now + bytes.size())
      continue;
    // The last call that wrote there.
    for (unsigned other = calls.size(); other-- > 0;)
      if (calls[other].hasBegun() && calls[other].op != operand.getDefiningOp() &&
          llvm::any_of(calls[other].results, [&](OpResult value) { return places.lookup(value).holds(changed); })) {
        result.overwritten.push_back({cast<OpResult>(operand), reader, other});
        break;
      }
  }
}

static void waitForWorkers(hone_barrier *barrier) { reinterpret_cast<Run *>(barrier)->wait(); }

/// Time is nothing that is checked.
static void ignoreMark(hone_barrier *, int64_t, int64_t) {}

static void tapValue(hone_barrier *barrier, int64_t worker, int64_t call, int64_t value, const void *memory,
                     int64_t bytes) {
  reinterpret_cast<Run *>(barrier)->tap(worker, call, value, memory, bytes);
}

StepRunner::StepRunner() = default;
StepRunner::~StepRunner() = default;

Status StepRunner::compile(ModuleOp module, StringRef pipeline) {
  OwningOpRef<ModuleOp> code = module.clone();
  Result<std::unique_ptr<ExecutionEngine>> compiled = compileForHost(*code, pipeline, "the step");
  if (!compiled)
    return compiled.takeError();
  engine = std::move(*compiled);
  engine->registerSymbols([](llvm::orc::MangleAndInterner intern) {
    llvm::orc::SymbolMap symbols;
    symbols[intern(kBarrierFunction)] = {llvm::orc::ExecutorAddr::fromPtr(&waitForWorkers),
                                         llvm::JITSymbolFlags::Exported};
    symbols[intern(kMarkFunction)] = {llvm::orc::ExecutorAddr::fromPtr(&ignoreMark), llvm::JITSymbolFlags::Exported};
    symbols[intern(kTapFunction)] = {llvm::orc::ExecutorAddr::fromPtr(&tapValue), llvm::JITSymbolFlags::Exported};
    return symbols;
  });
  auto found = engine->lookup(kModuleSymbol);
  if (!found)
    return Error("the step cannot be compiled: " + llvm::toString(found.takeError()));
  program = static_cast<const hone_module *>(*found);
  auto bytes = (*code)->getAttrOfType<IntegerAttr>(kCounterBytesAttr);
  counterBytes = bytes ? bytes.getInt() : 0;
  return std::nullopt;
}

Result<StepRun> StepRunner::run(const Trace &reference, WeightValues &weights, int64_t workers, WorkerOrder order) {
  Run run(*program, counterBytes, reference, workers, order);
  if (Status failed = run.prepare(weights))
    return *failed;
  return run.run();
}
