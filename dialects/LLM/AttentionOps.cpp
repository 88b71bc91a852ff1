//===- AttentionOps.cpp - Positions, keys, values and attention -----------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constraints.h"

using namespace mlir;
using namespace hone::llm;

//===----------------------------------------------------------------------===//
// rope
//===----------------------------------------------------------------------===//

LogicalResult RopeOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
                                       OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(operands[0].getType());
  return success();
}

LogicalResult RopeOp::verify() {
  RankedTensorType input = getInput().getType();
  // C1
  if (failed(verifyMatrix(*this, "input", input)) ||
      failed(verifySameRows(*this, "positions", getPositions().getType(), "input", input)))
    return failure();
  // C2
  int64_t headDim = getHeadDim();
  if (headDim <= 0 || headDim % 2 != 0 || input.getDimSize(1) % headDim != 0)
    return emitOpError("expected 'head_dim' to be positive, even, and to divide the columns of 'input' of type ")
           << input << ", got " << headDim;
  // C3
  return verifyPositive(*this, "base", getBaseAttr());
}

//===----------------------------------------------------------------------===//
// kv_append
//===----------------------------------------------------------------------===//

LogicalResult KVAppendOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands, DictionaryAttr,
                                           OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {
  types.push_back(operands[0].getType());
  return success();
}

LogicalResult KVAppendOp::verify() {
  RankedTensorType keys = getKeys().getType();
  KVType kv = getKv().getType();
  // C1: that the types are the same is a trait.
  if (failed(verifyMatrix(*this, "keys", keys)))
    return failure();
  if (keys.getDimSize(1) != kv.getRowSize())
    return emitOpError("expected 'keys' of ")
           << kv.getRowSize() << " columns, the kv heads times head dim of " << kv << ", got " << keys;
  // C2: that the types are the same is a trait.
  return verifySameRows(*this, "positions", getPositions().getType(), "keys", keys);
}

//===----------------------------------------------------------------------===//
// rope_kv_append
//===----------------------------------------------------------------------===//

LogicalResult RopeKVAppendOp::inferReturnTypes(MLIRContext *, std::optional<Location>, ValueRange operands,
                                               DictionaryAttr, OpaqueProperties, RegionRange,
                                               SmallVectorImpl<Type> &types) {
  types.append({operands[0].getType(), operands[2].getType()});
  return success();
}

LogicalResult RopeKVAppendOp::verify() {
  RankedTensorType queries = getQueries().getType(), keys = getKeys().getType();
  KVType kv = getKv().getType();
  // C1: that the types are the same is a trait.
  if (failed(verifyMatrix(*this, "keys", keys)))
    return failure();
  if (keys.getDimSize(1) != kv.getRowSize())
    return emitOpError("expected 'keys' of ")
           << kv.getRowSize() << " columns, the kv heads times head dim of " << kv << ", got " << keys;
  // C2
  if (failed(verifyMatrix(*this, "queries", queries)))
    return failure();
  int64_t headDim = kv.getHeadDim();
  if (headDim % 2 != 0 || queries.getDimSize(1) % headDim != 0)
    return emitOpError("expected the columns of 'queries' to be a multiple of the even head dim of ")
           << kv << ", got " << queries;
  // C3: that the types are the same is a trait.
  if (failed(verifySameRows(*this, "positions", getPositions().getType(), "keys", keys)) ||
      failed(verifySameRows(*this, "positions", getPositions().getType(), "queries", queries)))
    return failure();
  // C4
  return verifyPositive(*this, "base", getBaseAttr());
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  Adaptor adaptor(operands, attributes, properties, regions);
  // C1: the rank.
  auto queries = inferMatrix(location, getOperationName(), "queries", operands[0].getType());
  if (failed(queries))
    return failure();
  // C4
  auto result = inferRounded(location, getOperationName(), *queries, findRounding(adaptor, attributes));
  if (failed(result))
    return failure();
  types.push_back(*result);
  return success();
}

LogicalResult AttentionOp::verify() {
  RankedTensorType queries = getQueries().getType();
  KVType kv = getKv().getType();
  // C1
  if (queries.getDimSize(1) == 0 || queries.getDimSize(1) % kv.getRowSize() != 0)
    return emitOpError("expected the columns of 'queries' to be a multiple of ")
           << kv.getRowSize() << ", the kv heads times head dim of " << kv << ", got " << queries;
  // C2
  if (failed(verifyPositive(*this, "scale", getScaleAttr())))
    return failure();
  // C3: that the types are the same is a trait.
  return verifySameRows(*this, "positions", getPositions().getType(), "queries", queries);
}
