//===- VectorBuilder.cpp - Shorthands for vector code -------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorBuilder.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace hone::x86;

Value VectorBuilder::splat(float value, VectorType type) {
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, APFloat(value)));
}

Value VectorBuilder::splatF64(double value, int64_t count) {
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(vectorOf(getF64Type(), count), APFloat(value)));
}

Value VectorBuilder::splatInteger(int64_t value, VectorType type) {
  APInt number(type.getElementTypeBitWidth(), static_cast<uint64_t>(value), /*isSigned=*/true,
               /*implicitTrunc=*/true);
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, number));
}

Value VectorBuilder::firstLanes(int64_t count) {
  SmallVector<bool> mask(lanes, false);
  std::fill_n(mask.begin(), count, true);
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(vectorOf(getI1Type()), mask));
}

Value VectorBuilder::loadFirst(int64_t count, Value memref, ValueRange indices) {
  if (count == lanes)
    return load(f32s(), memref, indices);
  return vector::MaskedLoadOp::create(*this, f32s(), memref, indices, firstLanes(count), splat(0.0f));
}

void VectorBuilder::storeFirst(int64_t count, Value vector, Value memref, ValueRange indices) {
  if (count == lanes)
    return store(vector, memref, indices);
  vector::MaskedStoreOp::create(*this, memref, indices, firstLanes(count), vector);
}

Value VectorBuilder::loadBytes(Type type, Value bytes, ValueRange indices) {
  auto vector = dyn_cast<VectorType>(type);
  int64_t size = vector ? vector.getNumElements() * vector.getElementTypeBitWidth() / 8
                        : static_cast<int64_t>(type.getIntOrFloatBitWidth() / 8);
  Value raw = load(vectorOf(getI8Type(), size), bytes, indices);
  if (vector)
    return bitcast(raw, vector);
  return vector::ExtractOp::create(*this, bitcast(raw, vectorOf(type, 1)), 0);
}

void VectorBuilder::storeBytes(Value value, Value bytes, ValueRange indices) {
  auto type = dyn_cast<VectorType>(value.getType());
  if (!type) {
    value = broadcast(value, 1);
    type = cast<VectorType>(value.getType());
  }
  int64_t size = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  store(bitcast(value, vectorOf(getI8Type(), size)), bytes, indices);
}

Value VectorBuilder::loadHalves(Value bytes, ValueRange indices) {
  return arith::ExtFOp::create(*this, f32s(), loadBytes(vectorOf(getF16Type()), bytes, indices));
}

Value VectorBuilder::fma(Value a, Value b, Value c) { return math::FmaOp::create(*this, a, b, c); }

Value VectorBuilder::andi(Value a, int64_t mask) {
  return arith::AndIOp::create(*this, a, splatInteger(mask, cast<VectorType>(a.getType())));
}

Value VectorBuilder::xori(Value a, int64_t mask) {
  return arith::XOrIOp::create(*this, a, splatInteger(mask, cast<VectorType>(a.getType())));
}

Value VectorBuilder::concat(ArrayRef<Value> parts) {
  assert(parts.size() <= 2 && "vectors of at most two registers of 256 bits");
  if (parts.size() == 1)
    return parts.front();
  auto all = llvm::to_vector(llvm::seq<int64_t>(0, 2 * cast<VectorType>(parts[0].getType()).getNumElements()));
  return shuffle(parts[0], parts[1], all);
}

Value VectorBuilder::shiftLeft(Value a, int64_t bits) {
  return bits == 0 ? a : arith::ShLIOp::create(*this, a, splatInteger(bits, cast<VectorType>(a.getType()))).getResult();
}

Value VectorBuilder::shiftRight(Value a, int64_t bits, bool isSigned) {
  if (bits == 0)
    return a;
  Value amount = splatInteger(bits, cast<VectorType>(a.getType()));
  if (isSigned)
    return arith::ShRSIOp::create(*this, a, amount);
  return arith::ShRUIOp::create(*this, a, amount);
}

Value VectorBuilder::maxf(Value a, Value b) {
  Value larger = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, a, b);
  return arith::SelectOp::create(*this, larger, a, b);
}

Value VectorBuilder::maxLanes(Value vector) {
  int64_t count = cast<VectorType>(vector.getType()).getNumElements();
  for (int64_t distance = count / 2; distance > 0; distance /= 2) {
    SmallVector<int64_t> partners;
    for (int64_t lane = 0; lane < count; ++lane)
      partners.push_back(lane ^ distance);
    vector = maxf(vector, shuffle(vector, vector, partners));
  }
  return vector;
}

Value VectorBuilder::sumLanes(Value vector) {
  Value half = addf(shuffle(vector, vector, {0, 1, 2, 3}), shuffle(vector, vector, {4, 5, 6, 7}));
  Value quarter = addf(shuffle(half, half, {0, 1}), shuffle(half, half, {2, 3}));
  Value low = vector::ExtractOp::create(*this, quarter, 0), high = vector::ExtractOp::create(*this, quarter, 1);
  return addf(low, high);
}

Value VectorBuilder::polynomial(Value x, ArrayRef<double> coefficients) {
  auto type = cast<VectorType>(x.getType());
  auto constant = [&](double value) {
    return type.getElementType().isF64() ? splatF64(value, type.getNumElements())
                                         : splat(static_cast<float>(value), type);
  };
  Value result = constant(coefficients.front());
  for (double coefficient : coefficients.drop_front())
    result = fma(result, x, constant(coefficient));
  return result;
}

Value VectorBuilder::exp(Value x) {
  auto type = cast<VectorType>(x.getType());
  VectorType integers = vectorOf(getI32Type(), type.getNumElements());
  Value lowest = splat(-87.3f, type), highest = splat(88.3f, type);
  Value clamped = arith::MinNumFOp::create(*this, arith::MaxNumFOp::create(*this, x, lowest), highest);
  Value n = math::RoundEvenOp::create(*this, mulf(clamped, splat(1.44269504088896341f, type)));
  Value negative = arith::NegFOp::create(*this, n);
  Value r = fma(negative, splat(0.693359375f, type), clamped);
  r = fma(negative, splat(-2.12194440e-4f, type), r);
  Value p = polynomial(
      r, {1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1});
  Value y = addf(fma(p, mulf(r, r), r), splat(1.0f, type));
  Value exponent = arith::FPToSIOp::create(*this, integers, n);
  exponent = shiftLeft(arith::AddIOp::create(*this, exponent, splatInteger(127, integers)), 23);
  y = mulf(y, bitcast(exponent, type));
  Value underflow = arith::CmpFOp::create(*this, arith::CmpFPredicate::OLT, x, lowest);
  return arith::SelectOp::create(*this, underflow, splat(0.0f, type), y);
}

Value VectorBuilder::exp2(Value x) {
  auto type = cast<VectorType>(x.getType());
  VectorType integers = vectorOf(getI32Type(), type.getNumElements());
  x = maxf(x, splat(-127.0f, type));
  // Beside 1.5 * 2^23 there is room for the integer alone, which then fills the low bits.
  Value magic = splat(12582912.0f, type);
  Value shifted = addf(x, magic);
  Value rest = subf(x, subf(shifted, magic));
  Value p = polynomial(
      rest, {1.55946775389e-4, 1.34066439047e-3, 9.61769297492e-3, 5.5503105510e-2, 0.240226527829, 0.693147214968, 1});
  Value exponent = shiftLeft(bitcast(shifted, integers), 23);
  return bitcast(arith::AddIOp::create(*this, bitcast(p, integers), exponent), type);
}

std::pair<Value, Value> VectorBuilder::sinCos(Value angles) {
  int64_t count = cast<VectorType>(angles.getType()).getNumElements();
  VectorType integers = vectorOf(getI32Type(), count);
  Value n = math::RoundEvenOp::create(*this, mulf(angles, splatF64(0.63661977236758134308, count)));
  Value negative = arith::NegFOp::create(*this, n);
  // The first part of pi/2 has 33 bits, so that n times it is exact.
  Value r = fma(negative, splatF64(1.57079632673412561417e+00, count), angles);
  r = fma(negative, splatF64(6.07710050650619224932e-11, count), r);
  Value z = mulf(r, r);
  Value sine =
      fma(mulf(r, z),
          polynomial(z, {1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
                         -1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01}),
          r);
  Value cosine =
      polynomial(z, {-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
                     2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02, -0.5, 1.0});
  Value quadrant = arith::FPToSIOp::create(*this, integers, n);
  auto isSet = [&](Value bits, int64_t mask) -> Value {
    return arith::CmpIOp::create(*this, arith::CmpIPredicate::ne, andi(bits, mask), splatInteger(0, integers));
  };
  auto negateIf = [&](Value condition, Value value) -> Value {
    return arith::SelectOp::create(*this, condition, arith::NegFOp::create(*this, value), value);
  };
  Value swap = isSet(quadrant, 1);
  Value next = arith::AddIOp::create(*this, quadrant, splatInteger(1, integers));
  Value sineOut = negateIf(isSet(quadrant, 2), arith::SelectOp::create(*this, swap, cosine, sine));
  Value cosineOut = negateIf(isSet(next, 2), arith::SelectOp::create(*this, swap, sine, cosine));
  VectorType floats = vectorOf(getF32Type(), count);
  return {arith::TruncFOp::create(*this, floats, sineOut), arith::TruncFOp::create(*this, floats, cosineOut)};
}

SmallVector<Value> VectorBuilder::loop(Value lower, Value upper, int64_t step, ValueRange initial,
                                       llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(*this, lower, upper, index(step), initial);
  InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  SmallVector<Value> yielded = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!initial.empty())
    scf::YieldOp::create(*this, yielded);
  return llvm::to_vector_of<Value>(loop.getResults());
}

void VectorBuilder::loop(Value lower, Value upper, int64_t step, llvm::function_ref<void(Value)> body) {
  loop(lower, upper, step, {}, [&](Value index, ValueRange) {
    body(index);
    return SmallVector<Value>();
  });
}

void VectorBuilder::when(Value condition, llvm::function_ref<void()> body, llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(*this, condition, /*withElseRegion=*/static_cast<bool>(otherwise));
  InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  body();
  if (!otherwise)
    return;
  setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

void VectorBuilder::forall(Value count, llvm::function_ref<void(Value)> body) {
  auto forall = scf::ForallOp::create(*this, ArrayRef<OpFoldResult>{count}, ValueRange{}, std::nullopt);
  InsertionGuard guard(*this);
  setInsertionPoint(forall.getTerminator());
  body(forall.getInductionVar(0));
}
