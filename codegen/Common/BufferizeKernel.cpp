//===- BufferizeKernel.cpp - The memory form of a kernel ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BufferizeKernel.h"

#include "hone/codegen/Common/Buffers.h"
#include "hone/dialects/LLM/LLMOps.h"

using namespace mlir;
using namespace hone;
using namespace hone::llm;

FailureOr<KernelForm> hone::bufferizeKernel(func::FuncOp kernel) {
  if (!isWholeKernel(kernel))
    return kernel.emitOpError("expected a kernel to hold one llm op and its return; run hone-outline-kernels first");
  Block &body = kernel.getBody().front();
  Operation *op = &body.front();

  OpBuilder builder(op);
  Location loc = op->getLoc();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  auto addArgument = [&](Type type, StringRef access) {
    types.push_back(type);
    attributes.push_back(
        access.empty() ? builder.getDictionaryAttr({})
                       : builder.getDictionaryAttr(builder.getNamedAttr(kAccessAttr, builder.getStringAttr(access))));
  };
  // Keys and values are updated in place.
  Value updated;
  for (Value result : op->getResults())
    if (isa<KVType>(result.getType()))
      updated =
          *llvm::find_if(body.getArguments(), [&](Value argument) { return argument.getType() == result.getType(); });
  for (BlockArgument argument : body.getArguments()) {
    Type type = argument.getType();
    Type buffer = getBufferType(type);
    addArgument(buffer, buffer == type ? "" : argument == updated ? "read_write" : "read");
    if (buffer == type)
      continue;
    argument.setType(buffer);
    auto value = FromBufferOp::create(builder, loc, type, argument);
    argument.replaceAllUsesExcept(value, value);
  }
  builder.setInsertionPointAfter(op);
  for (OpResult result : op->getResults()) {
    if (isa<KVType>(result.getType())) {
      ToBufferOp::create(builder, loc, result, updated);
      continue;
    }
    Type buffer = getBufferType(result.getType());
    addArgument(buffer, "write");
    ToBufferOp::create(builder, loc, result, body.addArgument(buffer, loc));
  }
  KernelForm form{};
  form.shared = getSharedType(op);
  if (form.shared) {
    addArgument(form.shared, "read_write");
    body.addArgument(form.shared, loc);
  }
  for (int i = form.shared ? 0 : 1; i < 3; ++i) { // phase, worker, workers
    addArgument(builder.getIndexType(), "");
    body.addArgument(builder.getIndexType(), loc);
  }
  body.getTerminator()->setOperands({});
  kernel.setFunctionType(builder.getFunctionType(types, {}));
  kernel.setAllArgAttrs(attributes);
  if (isa<SelectRowsOp>(op)) {
    form.rowSource = 1;
    return form;
  }
  // The first operand that is rows: others before it are the memory of keys and values, and a layer.
  auto isRows = [](Type type) { return isa<MemRefType>(type); };
  form.rowSource = static_cast<unsigned>(llvm::find_if(types, isRows) - types.begin());
  return form;
}
