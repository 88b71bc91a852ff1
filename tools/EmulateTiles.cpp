//===- EmulateTiles.cpp - AMX on CPUs without it ------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmulateTiles.h"

#if defined(__linux__) && defined(__x86_64__)

#include <csignal>
#include <cstdint>
#include <cstring>
#include <ucontext.h>
#include <unistd.h>

using namespace hone;

namespace {

constexpr int kTiles = 8, kRows = 16, kRowBytes = 64;

struct Tile {
  int rows, rowBytes;
  uint8_t bytes[kRows][kRowBytes];
};

/// What palette 0 leaves, and LDTILECFG replaces.
struct State {
  bool isConfigured;
  Tile tiles[kTiles];
};
thread_local State state;

enum class Prefix { None, Op66, OpF3, OpF2 };

/// An instruction with a VEX prefix of three bytes, in the map 0F 38, which all of AMX is.
struct Instruction {
  uint8_t opcode;
  Prefix prefix;
  int reg, rm, vvvv;
  bool hasMemory;
  uint64_t address, stride; ///< base and displacement; the scaled index, which is the distance of rows
  uint64_t next;            ///< the address behind it
};

} // namespace

/// Ends the process from within a signal handler.
[[noreturn]] static void fail(const char *message) {
  static const char begin[] = "hone: error: emulated AMX: ";
  const char *const parts[] = {begin, message, "\n"};
  for (const char *text : parts)
    (void)!::write(STDERR_FILENO, text, std::strlen(text));
  ::_exit(1);
}

static uint64_t getRegister(const ucontext_t &context, int number) {
  static constexpr int order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return static_cast<uint64_t>(context.uc_mcontext.gregs[order[number]]);
}

template <typename T> static T read(const uint8_t *&bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  bytes += sizeof(value);
  return value;
}

/// False for anything but a VEX prefix with the map of AMX.
static bool decode(const ucontext_t &context, Instruction &result) {
  auto start = static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RIP]);
  const auto *bytes = reinterpret_cast<const uint8_t *>(start);
  if (*bytes++ != 0xc4)
    return false;
  uint8_t first = read<uint8_t>(bytes), second = read<uint8_t>(bytes);
  if ((first & 0x1f) != 2 || (second & 0x84) != 0)
    return false;
  // R, X and B extend registers by a bit, inverted.
  int extendR = first & 0x80 ? 0 : 8, extendX = first & 0x40 ? 0 : 8, extendB = first & 0x20 ? 0 : 8;
  result.vvvv = ~(second >> 3) & 0xf;
  result.prefix = static_cast<Prefix>(second & 3);
  result.opcode = read<uint8_t>(bytes);
  uint8_t modRM = read<uint8_t>(bytes);
  int mode = modRM >> 6;
  result.reg = (modRM >> 3 & 7) | extendR;
  result.rm = (modRM & 7) | extendB;
  result.hasMemory = mode != 3;
  result.address = result.stride = 0;
  if (result.hasMemory) {
    bool hasBase = true;
    int base = result.rm;
    if ((modRM & 7) == 4) {
      uint8_t sib = read<uint8_t>(bytes);
      int index = (sib >> 3 & 7) | extendX;
      base = (sib & 7) | extendB;
      if (index != 4)
        result.stride = getRegister(context, index) << (sib >> 6);
      hasBase = mode != 0 || (sib & 7) != 5;
    } else if (mode == 0 && (modRM & 7) == 5) {
      result.address = start + (bytes - reinterpret_cast<const uint8_t *>(start)) + 4;
      hasBase = false;
    }
    if (hasBase)
      result.address += getRegister(context, base);
    if (mode == 1)
      result.address += static_cast<int64_t>(read<int8_t>(bytes));
    else if (mode == 2 || !hasBase)
      result.address += static_cast<int64_t>(read<int32_t>(bytes));
  }
  result.next = reinterpret_cast<uint64_t>(bytes);
  return true;
}

static void configure(const uint8_t *bytes) {
  state = {};
  if (bytes[0] == 0)
    return;
  if (bytes[0] != 1)
    fail("LDTILECFG: unknown palette");
  for (int i = 1; i < 64; ++i) {
    bool isShape = (i >= 16 && i < 32) || (i >= 48 && i < 56);
    if (!isShape && bytes[i] != 0)
      fail("LDTILECFG: a start row, or a reserved byte that is not zero");
  }
  for (int i = 0; i < kTiles; ++i) {
    Tile &tile = state.tiles[i];
    tile.rowBytes = bytes[16 + 2 * i] | bytes[17 + 2 * i] << 8;
    tile.rows = bytes[48 + i];
    if (tile.rowBytes > kRowBytes || tile.rows > kRows || (tile.rowBytes == 0) != (tile.rows == 0))
      fail("LDTILECFG: impossible shape of a tile");
  }
  state.isConfigured = true;
}

static Tile &getTile(int number) {
  if (!state.isConfigured)
    fail("tiles are used without a configuration");
  if (number >= kTiles || state.tiles[number].rows == 0)
    fail("a tile is used that has no shape");
  return state.tiles[number];
}

static void load(Tile &tile, const Instruction &instruction) {
  std::memset(tile.bytes, 0, sizeof(tile.bytes));
  for (int row = 0; row < tile.rows; ++row)
    std::memcpy(tile.bytes[row], reinterpret_cast<const void *>(instruction.address + row * instruction.stride),
                tile.rowBytes);
}

static void store(const Tile &tile, const Instruction &instruction) {
  for (int row = 0; row < tile.rows; ++row)
    std::memcpy(reinterpret_cast<void *>(instruction.address + row * instruction.stride), tile.bytes[row],
                tile.rowBytes);
}

static void checkOperands(const Instruction &instruction) {
  if (instruction.reg == instruction.rm || instruction.reg == instruction.vvvv || instruction.rm == instruction.vvvv)
    fail("TDP: the same tile twice");
  Tile &sums = getTile(instruction.reg), &a = getTile(instruction.rm), &b = getTile(instruction.vvvv);
  if (sums.rows != a.rows || sums.rowBytes != b.rowBytes || a.rowBytes != 4 * b.rows || sums.rowBytes % 4 != 0)
    fail("TDP: shapes of tiles that do not fit");
}

static int32_t extend(uint8_t byte, bool isSigned) { return isSigned ? static_cast<int8_t>(byte) : byte; }

/// sums[m][n] += a[m][4 k + i] * b[k][4 n + i] over k and i.
static void multiplyBytes(const Instruction &instruction) {
  checkOperands(instruction);
  Tile &sums = getTile(instruction.reg), &a = getTile(instruction.rm), &b = getTile(instruction.vvvv);
  bool isSignedA = instruction.prefix == Prefix::OpF2 || instruction.prefix == Prefix::OpF3;
  bool isSignedB = instruction.prefix == Prefix::OpF2 || instruction.prefix == Prefix::Op66;
  for (int m = 0; m < sums.rows; ++m)
    for (int n = 0; n < sums.rowBytes / 4; ++n) {
      uint32_t sum;
      std::memcpy(&sum, &sums.bytes[m][4 * n], sizeof(sum));
      for (int k = 0; k < b.rows; ++k)
        for (int i = 0; i < 4; ++i)
          sum += static_cast<uint32_t>(extend(a.bytes[m][4 * k + i], isSignedA) *
                                       extend(b.bytes[k][4 * n + i], isSignedB));
      std::memcpy(&sums.bytes[m][4 * n], &sum, sizeof(sum));
    }
}

/// A bf16 is the upper half of an f32.
static float getFloat(const Tile &tile, int row, int column) {
  uint32_t bits = 0;
  std::memcpy(reinterpret_cast<uint8_t *>(&bits) + 2, &tile.bytes[row][2 * column], 2);
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// sums[m][n] += a[m][2 k + i] * b[k][2 n + i] over k and i, as the manual's operation of TDPBF16PS says: sums of each
/// instruction begin at 0, one for i = 0 and one for i = 1, products are added by fused operations in ascending order
/// of k, then come both together and their sum to that of before. Not inlined, for it computes as MXCSR says.
__attribute__((noinline, target("avx2,fma"))) static void addProducts(Tile &sums, const Tile &a, const Tile &b) {
  for (int m = 0; m < sums.rows; ++m) {
    float parts[2][kRowBytes / 4] = {};
    for (int k = 0; k < b.rows; ++k)
      for (int i = 0; i < 2; ++i)
        for (int n = 0; n < sums.rowBytes / 4; ++n)
          parts[i][n] = __builtin_fmaf(getFloat(a, m, 2 * k + i), getFloat(b, k, 2 * n + i), parts[i][n]);
    for (int n = 0; n < sums.rowBytes / 4; ++n) {
      float sum;
      std::memcpy(&sum, &sums.bytes[m][4 * n], sizeof(sum));
      sum += parts[0][n] + parts[1][n];
      std::memcpy(&sums.bytes[m][4 * n], &sum, sizeof(sum));
    }
  }
}

static void multiplyFloats(const Instruction &instruction) {
  checkOperands(instruction);
  // To nearest, ties to even; denormal operands and results are zero; exceptions are neither raised nor kept.
  constexpr unsigned masks = 0x1f80, flushToZero = 0x8000, denormalsAreZero = 0x40;
  unsigned before = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(masks | flushToZero | denormalsAreZero);
  addProducts(getTile(instruction.reg), getTile(instruction.rm), getTile(instruction.vvvv));
  __builtin_ia32_ldmxcsr(before);
}

/// False for an instruction that is none of AMX, or is not carried out.
static bool execute(const Instruction &instruction) {
  Prefix prefix = instruction.prefix;
  bool hasMemory = instruction.hasMemory;
  if (instruction.opcode == 0x49 && hasMemory && prefix == Prefix::None)
    configure(reinterpret_cast<const uint8_t *>(instruction.address));
  else if (instruction.opcode == 0x49 && !hasMemory && prefix == Prefix::None)
    state = {};
  else if (instruction.opcode == 0x49 && !hasMemory && prefix == Prefix::OpF2)
    std::memset(getTile(instruction.reg).bytes, 0, sizeof(Tile::bytes));
  else if (instruction.opcode == 0x4b && hasMemory && (prefix == Prefix::OpF2 || prefix == Prefix::Op66))
    load(getTile(instruction.reg), instruction);
  else if (instruction.opcode == 0x4b && hasMemory && prefix == Prefix::OpF3)
    store(getTile(instruction.reg), instruction);
  else if (instruction.opcode == 0x5e && !hasMemory)
    multiplyBytes(instruction);
  else if (instruction.opcode == 0x5c && !hasMemory && prefix == Prefix::OpF3)
    multiplyFloats(instruction);
  else
    return false;
  return true;
}

static void handleIllegalInstruction(int signal, siginfo_t *, void *context) {
  auto &where = *static_cast<ucontext_t *>(context);
  Instruction instruction;
  if (decode(where, instruction) && execute(instruction)) {
    where.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(instruction.next);
    return;
  }
  // It is illegal indeed: without this handler the process ends as it does otherwise.
  ::signal(signal, SIG_DFL);
}

bool hone::emulateTiles() {
  struct sigaction action = {};
  action.sa_sigaction = handleIllegalInstruction;
  action.sa_flags = SA_SIGINFO;
  return ::sigaction(SIGILL, &action, nullptr) == 0;
}

bool hone::areTilesInUse() { return state.isConfigured; }

#else

bool hone::emulateTiles() { return false; }
bool hone::areTilesInUse() { return false; }

#endif
