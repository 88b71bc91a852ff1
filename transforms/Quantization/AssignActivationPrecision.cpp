//===- AssignActivationPrecision.cpp - Name each product's precision ----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "hone/transforms/Quantization/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_ASSIGNACTIVATIONPRECISIONPASS
#include "hone/transforms/Quantization/Passes.h.inc"
} // namespace hone

namespace {

/// Biases, which are not stored in a scheme, have no say.
bool isPlainWeight(Value value) {
  StoredAttr stored = getStored(value.getType());
  return stored && getSchemeTraits(stored.getScheme()).isPlain;
}

/// Products whose name a regular expression matches have a precision of their own.
struct Override {
  std::string text;
  ::llvm::Regex pattern;
  Precision precision;
  bool used = false;
};

/// The name of an op's location, as importers give it; empty without one.
StringRef getProductName(Operation *op) {
  auto name = op->getLoc()->findInstanceOf<NameLoc>();
  return name ? name.getName().getValue() : StringRef();
}

/// Whether a product makes what attention compares, reads what attention gives, or makes what the function returns. On
/// SmolLM2, 16 bits for these and 8 for all others more than halve the divergence of 8 bits for all. Each of them counts:
/// with 8 bits for one, the largest divergence at any position is 1.3 to 4 times as large.
bool isSensitive(Operation *product) {
  if (product->getOperand(0).getDefiningOp<AttentionOp>())
    return true;
  SmallVector<Operation *> ops = {product};
  while (!ops.empty())
    for (Operation *user : ops.pop_back_val()->getUsers()) {
      if (isa<AttentionOp, KVAppendOp, RopeKVAppendOp, func::ReturnOp>(user))
        return true;
      if (isa<AddBiasOp, ScaleOp, RopeOp>(user))
        ops.push_back(user);
    }
  return false;
}

struct AssignActivationPrecisionPass : hone::impl::AssignActivationPrecisionPassBase<AssignActivationPrecisionPass> {
  using AssignActivationPrecisionPassBase::AssignActivationPrecisionPassBase;

  void runOnOperation() override {
    SmallVector<Override> chosen;
    if (failed(parsePrecision()) || failed(parseOverrides(chosen)))
      return signalPassFailure();
    WalkResult result = getOperation().walk([&](Operation *op) -> WalkResult {
      return ::llvm::TypeSwitch<Operation *, LogicalResult>(op)
          .Case<LinearOp, QKVOp, GatedLinearOp>([&](auto product) { return assign(product, chosen); })
          .Default(success());
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (const Override &entry : chosen)
      if (!entry.used) {
        getOperation().emitError("expected a product whose name matches '")
            << entry.text << "', got none; names are like 'blk.0.attn_q', 'blk.0.ffn_down' and 'output'";
        return signalPassFailure();
      }
  }

private:
  std::optional<Precision> uniform; ///< none: mixed

  LogicalResult parsePrecision() {
    uniform = symbolizePrecision(precision);
    if (uniform || precision == "mixed")
      return success();
    return getOperation().emitError("expected a precision of mixed, f32, f16, bf16, int16 or int8, got '")
           << precision << "'";
  }

  LogicalResult parseOverrides(SmallVectorImpl<Override> &chosen) {
    for (const std::string &entry : overrides) {
      auto [pattern, name] = StringRef(entry).rsplit('=');
      std::optional<Precision> own = symbolizePrecision(name);
      if (!own || pattern.empty())
        return getOperation().emitError(
                   "expected REGEX=PRECISION with a precision of f32, f16, bf16, int16 or int8, got '")
               << entry << "'";
      std::string error;
      chosen.push_back({pattern.str(), ::llvm::Regex(pattern), *own});
      if (!chosen.back().pattern.isValid(error))
        return getOperation().emitError("expected a regular expression, got '") << pattern << "': " << error;
    }
    return success();
  }

  template <typename OpT> LogicalResult assign(OpT product, MutableArrayRef<Override> chosen) {
    if (product.getActivationsAttr() || getPrecision(product.getInput().getType()) != Precision::F32)
      return success();
    // One product has one precision.
    bool integers = ::llvm::none_of(::llvm::drop_begin(product->getOperands()), isPlainWeight);
    Precision own = uniform ? *uniform : isSensitive(product) ? Precision::Int16 : Precision::Int8;
    if (!integers && isInteger(own))
      own = Precision::F32;
    StringRef name = getProductName(product);
    for (Override &entry : chosen)
      if (entry.pattern.match(name)) {
        entry.used = true;
        own = entry.precision;
        break;
      }
    if (isInteger(own) && !integers)
      return product.emitOpError("expected integer weights to meet activations of '")
             << stringifyPrecision(own) << "', got float weights; choose f32, f16 or bf16 for '" << name << "'";
    product.setActivationsAttr(PrecisionAttr::get(&getContext(), own));
    return success();
  }
};

} // namespace
