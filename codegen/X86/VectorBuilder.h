//===- VectorBuilder.h - Shorthands for vector code -----------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_X86_VECTORBUILDER_H
#define HONE_CODEGEN_X86_VECTORBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace hone::x86 {

/// A builder with the vocabulary of the kernels: vectors of 8 lanes of 32 bits (one 256-bit register), byte buffers,
/// loops with carried values. Arithmetic is exactly what is written: nothing is reassociated or contracted.
class VectorBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using Value = mlir::Value;
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  static constexpr int64_t lanes = 8;

  mlir::VectorType vectorOf(mlir::Type element, int64_t count = lanes) {
    return mlir::VectorType::get({count}, element);
  }
  mlir::VectorType f32s(int64_t count = lanes) { return vectorOf(getF32Type(), count); }
  mlir::VectorType i32s(int64_t count = lanes) { return vectorOf(getI32Type(), count); }
  /// The vector type with these elements and as many lanes as `like` has.
  mlir::VectorType likeOf(mlir::Type element, Value like) {
    return vectorOf(element, mlir::cast<mlir::VectorType>(like.getType()).getNumElements());
  }

  // Index arithmetic.
  Value index(int64_t value) { return mlir::arith::ConstantIndexOp::create(*this, value); }
  Value add(Value a, Value b) { return mlir::arith::AddIOp::create(*this, a, b); }
  Value add(Value a, int64_t b) { return b == 0 ? a : add(a, index(b)); }
  Value mul(Value a, int64_t b) { return b == 1 ? a : mlir::arith::MulIOp::create(*this, a, index(b)).getResult(); }
  Value sub(Value a, Value b) { return mlir::arith::SubIOp::create(*this, a, b); }
  Value div(Value a, int64_t b) { return mlir::arith::DivUIOp::create(*this, a, index(b)); }
  Value rem(Value a, int64_t b) { return mlir::arith::RemUIOp::create(*this, a, index(b)); }
  Value toIndex(Value integer) { return mlir::arith::IndexCastOp::create(*this, getIndexType(), integer); }
  Value dim(Value memref, int64_t dimension) { return mlir::memref::DimOp::create(*this, memref, dimension); }

  // Constants, splat over a vector type.
  Value splat(float value, mlir::VectorType type);
  Value splat(float value) { return splat(value, f32s()); }
  Value splatF64(double value, int64_t count = lanes);
  Value splatInteger(int64_t value, mlir::VectorType type);

  // Memory.
  Value load(mlir::VectorType type, Value memref, mlir::ValueRange indices) {
    return mlir::vector::LoadOp::create(*this, type, memref, indices);
  }
  void store(Value vector, Value memref, mlir::ValueRange indices) {
    mlir::vector::StoreOp::create(*this, vector, memref, indices);
  }
  /// As above for the first `count` lanes alone: memory behind them is not touched, and loads have 0 there.
  Value loadFirst(int64_t count, Value memref, mlir::ValueRange indices);
  void storeFirst(int64_t count, Value vector, Value memref, mlir::ValueRange indices);
  Value loadScalar(Value memref, mlir::ValueRange indices) {
    return mlir::memref::LoadOp::create(*this, memref, indices);
  }
  /// A vector or scalar of `type` at a byte position of a buffer of bytes; the last index counts bytes.
  Value loadBytes(mlir::Type type, Value bytes, mlir::ValueRange indices);
  void storeBytes(Value value, Value bytes, mlir::ValueRange indices);
  /// 8 f16 at a byte position, as f32.
  Value loadHalves(Value bytes, mlir::ValueRange indices);
  Value broadcast(Value scalar, int64_t count = lanes) {
    return mlir::vector::BroadcastOp::create(*this, vectorOf(scalar.getType(), count), scalar);
  }
  Value bitcast(Value vector, mlir::VectorType type) {
    return vector.getType() == type ? vector : mlir::vector::BitCastOp::create(*this, type, vector).getResult();
  }
  Value shuffle(Value a, Value b, llvm::ArrayRef<int64_t> mask) {
    return mlir::vector::ShuffleOp::create(*this, a, b, mask);
  }

  /// The lanes of all parts, which are equally long and one or two, behind each other; and lanes from `first` on.
  Value concat(llvm::ArrayRef<Value> parts);
  Value slice(Value vector, int64_t first, int64_t count) {
    return mlir::vector::ExtractStridedSliceOp::create(*this, vector, {first}, {count}, {1});
  }

  // Float arithmetic on vectors and scalars alike.
  Value addf(Value a, Value b) { return mlir::arith::AddFOp::create(*this, a, b); }
  Value subf(Value a, Value b) { return mlir::arith::SubFOp::create(*this, a, b); }
  Value mulf(Value a, Value b) { return mlir::arith::MulFOp::create(*this, a, b); }
  Value divf(Value a, Value b) { return mlir::arith::DivFOp::create(*this, a, b); }
  /// a * b + c, rounded once.
  Value fma(Value a, Value b, Value c);

  // Integer arithmetic on vectors, with splat right-hand sides.
  Value andi(Value a, int64_t mask);
  Value xori(Value a, int64_t mask);
  Value shiftLeft(Value a, int64_t bits);
  Value shiftRight(Value a, int64_t bits, bool isSigned = false);

  /// The larger one, `b` if either is a NaN: one instruction, which `arith.maxnumf` is not.
  Value maxf(Value a, Value b);
  /// The largest of all lanes, in each lane.
  Value maxLanes(Value vector);
  /// The 8 lanes added pairwise in a fixed tree: ((0+4)+(2+6)) + ((1+5)+(3+7)).
  Value sumLanes(Value vector);
  /// e^x in vectors of any length, relative error below 2e-7; 0 below -87.3, finite above 88.3. Cody and Waite
  /// reduction, polynomial of degree 7 as in Cephes' expf.
  Value exp(Value x);
  /// 2^x for x of at most 0, relative error below 1e-7 from -126 on; 0 at -127 and below, and for a NaN. Between them a
  /// number below 2^-126. The integer next to x goes to the exponent, a minimax polynomial of degree 6 has the rest.
  Value exp2(Value x);
  /// Sine and cosine of 8 f64 angles below 2^20, each rounded to f32. Reduction by pi/2 in two parts, polynomials as
  /// in fdlibm.
  std::pair<Value, Value> sinCos(Value angles);

  /// A loop over [lower, upper) by `step` that carries values.
  mlir::SmallVector<Value>
  loop(Value lower, Value upper, int64_t step, mlir::ValueRange initial,
       llvm::function_ref<mlir::SmallVector<Value>(Value index, mlir::ValueRange carried)> body);
  void loop(Value lower, Value upper, int64_t step, llvm::function_ref<void(Value index)> body);
  /// `body` where the condition holds, `otherwise` where it does not.
  void when(Value condition, llvm::function_ref<void()> body, llvm::function_ref<void()> otherwise = {});
  /// A parallel loop over [0, count): the units that workers share out.
  void forall(Value count, llvm::function_ref<void(Value index)> body);

private:
  Value firstLanes(int64_t count);
  Value polynomial(Value x, llvm::ArrayRef<double> coefficients);
};

} // namespace hone::x86

#endif // HONE_CODEGEN_X86_VECTORBUILDER_H
