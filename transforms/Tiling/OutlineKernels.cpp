//===- OutlineKernels.cpp - One function per distinct op ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "hone/transforms/Tiling/Passes.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

namespace hone {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "hone/transforms/Tiling/Passes.h.inc"
} // namespace hone

namespace {

/// What makes two ops share a kernel: name, attributes, operand and result types. All of them are uniqued, so that the
/// printed key is as good as the parts and orders deterministically.
std::string getKernelKey(Operation *op) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << op->getName() << ' ' << op->getAttrDictionary() << ' ';
  llvm::interleaveComma(op->getOperandTypes(), os);
  os << " -> ";
  llvm::interleaveComma(op->getResultTypes(), os);
  return key;
}

/// A readable name: the op, then scheme and shape of each weight, for example `linear_q4_1_576x1536`; weights alike are
/// named once, and `_bias` says that a product has one. Without weights the columns of the first rows tell kernels
/// apart: `quantize_rows_576`.
std::string getKernelName(Operation *op) {
  std::string name = op->getName().stripDialect().str();
  std::string last, columns;
  bool hasBias = false;
  for (Type type : op->getOperandTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.getRank() != 2) {
      hasBias |= tensor && tensor.getElementType().isF32();
      continue;
    }
    ArrayRef<int64_t> shape = tensor.getShape();
    StoredAttr stored = getStored(type);
    if (!stored) {
      if (columns.empty())
        columns = "_" + std::to_string(shape[1]);
      continue;
    }
    std::string part =
        ("_" + stringifyScheme(stored.getScheme()) + "_" + Twine(shape[0]) + "x" + Twine(shape[1])).str();
    if (part != last)
      name += part;
    last = part;
  }
  if (last.empty())
    return name + columns;
  return hasBias ? name + "_bias" : name;
}

struct OutlineKernelsPass : hone::impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> callers;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function->hasAttr(kKernelAttr))
        callers.push_back(function);

    SymbolTable symbols(getOperation());
    llvm::StringMap<func::FuncOp> kernels;
    for (func::FuncOp caller : callers) {
      SmallVector<Operation *> ops;
      caller.walk([&](ReferenceLoweringOpInterface op) { ops.push_back(op); });
      if (ops.empty())
        continue;
      llvm::MapVector<Operation *, int64_t> calls;
      for (Operation *op : ops) {
        func::FuncOp &kernel = kernels[getKernelKey(op)];
        if (!kernel) {
          kernel = createKernel(op);
          symbols.insert(kernel); // Renames on collision.
        }
        ++calls[kernel];
        OpBuilder builder(op);
        auto call = func::CallOp::create(builder, op->getLoc(), kernel, op->getOperands());
        op->replaceAllUsesWith(call);
        op->erase();
      }
      remark::analysis(caller.getLoc(), remark::RemarkOpts::name("OutlineKernels").category("hone-outline-kernels"))
          << remark::metric("kernels", kernels.size()) << remark::metric("calls", ops.size());
      for (auto [kernel, count] : calls)
        remark::analysis(caller.getLoc(), remark::RemarkOpts::name("Kernel").category("hone-outline-kernels"))
            << remark::add("kernel '{0}'", cast<func::FuncOp>(kernel).getName()) << remark::metric("calls", count);
    }
  }

private:
  func::FuncOp createKernel(Operation *op) {
    OpBuilder builder(&getContext());
    auto type = builder.getFunctionType(op->getOperandTypes(), op->getResultTypes());
    // The kernel serves every layer, so it keeps the location of none.
    Location loc = builder.getUnknownLoc();
    auto kernel = func::FuncOp::create(builder, loc, getKernelName(op), type);
    kernel.setPrivate();
    kernel->setAttr(kKernelAttr, builder.getUnitAttr());
    Block *body = kernel.addEntryBlock();
    builder.setInsertionPointToEnd(body);
    IRMapping mapping;
    mapping.map(op->getOperands(), body->getArguments());
    Operation *inner = op->clone(mapping);
    // An operand used twice was mapped to its last argument; give each operand its own.
    inner->setOperands(body->getArguments());
    inner->setLoc(loc);
    builder.insert(inner);
    func::ReturnOp::create(builder, loc, inner->getResults());
    return kernel;
  }
};

} // namespace
