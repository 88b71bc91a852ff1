//===- Correspondence.cpp - The same value in two modules -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Correspondence.h"

#include "hone/dialects/LLM/Encodings.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace hone;
using namespace hone::equivalence;

static void collectParts(Location location, SmallVectorImpl<std::string> &parts) {
  if (auto name = dyn_cast<NameLoc>(location)) {
    parts.push_back(name.getName().str());
  } else if (auto file = dyn_cast<FileLineColLoc>(location)) {
    parts.push_back((llvm::sys::path::filename(file.getFilename().getValue()) + ":" + Twine(file.getLine()) + ":" +
                     Twine(file.getColumn()))
                        .str());
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      collectParts(part, parts);
  } else if (auto call = dyn_cast<CallSiteLoc>(location)) {
    collectParts(call.getCallee(), parts);
  }
}

SmallVector<std::string> equivalence::getParts(Location location) {
  SmallVector<std::string> parts;
  collectParts(location, parts);
  return parts;
}

std::string equivalence::getName(OpResult result) {
  Operation *op = result.getOwner();
  if (auto reference = dyn_cast<llm::WeightRefOp>(op))
    return "@" + reference.getWeight().str();
  SmallVector<std::string> parts = getParts(op->getLoc());
  if (parts.empty())
    return "";
  if (op->getNumResults() > 1 && parts.size() == op->getNumResults())
    return parts[result.getResultNumber()];
  std::string name = llvm::join(parts, "+");
  return op->getNumResults() == 1 ? name : name + "#" + std::to_string(result.getResultNumber());
}

std::string NamedValues::getKey(OpResult result) {
  std::string key = getName(result);
  if (key.empty())
    return key;
  // Rounded rows and those that they were made of have one location and one plain type.
  llvm::raw_string_ostream os(key);
  os << ' ' << getPlainType(result.getType()) << (llm::getBlocked(result.getType()) ? "b" : "");
  return key;
}

NamedValues::NamedValues(const Trace &trace) {
  for (const Execution &execution : trace.executions)
    for (OpResult result : execution.op->getResults())
      if (std::string key = getKey(result); !key.empty() && !isa<arith::ConstantOp>(execution.op))
        values[key] = result;
}

std::string equivalence::getOpName(Operation *op) {
  if (auto call = dyn_cast<func::CallOp>(op))
    if (auto callee = op->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(call.getCallee());
        callee && !callee.isExternal() && callee->hasAttr(llm::kKernelAttr))
      return callee.getBody().front().front().getName().getStringRef().str();
  return op->getName().getStringRef().str();
}

std::string equivalence::describe(Operation *op) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << op->getName();
  if (auto call = dyn_cast<func::CallOp>(op))
    os << " @" << call.getCallee();
  os << "(";
  llvm::interleaveComma(op->getOperands(), os, [&](Value operand) {
    if (auto argument = dyn_cast<BlockArgument>(operand)) {
      SmallVector<std::string> parts = getParts(argument.getLoc());
      os << (parts.size() == 1 && isa<NameLoc>(argument.getLoc())
                 ? parts.front()
                 : "argument " + std::to_string(argument.getArgNumber()));
      return;
    }
    if (auto constant = operand.getDefiningOp<arith::ConstantIndexOp>()) {
      os << constant.value();
      return;
    }
    std::string name = getName(cast<OpResult>(operand));
    os << (name.empty() ? operand.getDefiningOp()->getName().getStringRef().str() : name);
    if (llm::getBlocked(operand.getType()))
      os << " as integers";
  });
  os << ")";
  SmallVector<NamedAttribute> attributes;
  for (NamedAttribute attribute : op->getAttrs())
    if (attribute.getName() != "callee" && attribute.getName() != "operandSegmentSizes")
      attributes.push_back(attribute);
  if (!attributes.empty())
    os << " " << DictionaryAttr::get(op->getContext(), attributes);
  if (auto reference = dyn_cast<llm::WeightRefOp>(op))
    if (auto weight = op->getParentOfType<ModuleOp>().lookupSymbol<llm::WeightOp>(reference.getWeight()))
      for (Operation &step : weight.getRecipe().front().without_terminator())
        os << " " << step.getName();
  return text;
}
