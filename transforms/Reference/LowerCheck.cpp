//===- LowerCheck.cpp - Expectations to loops that report -----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/Check/CheckOps.h"
#include "hone/transforms/Reference/Passes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace hone {
#define GEN_PASS_DEF_LOWERCHECKPASS
#include "hone/transforms/Reference/Passes.h.inc"
} // namespace hone

using namespace mlir;
using namespace hone;

namespace {

/// Whether an element differs from the number that is expected of it.
using DiffersFn = llvm::function_ref<Value(ImplicitLocOpBuilder &, Value actual, Value expected)>;

class LowerCheckPass : public hone::impl::LowerCheckPassBase<LowerCheckPass> {
  void runOnOperation() override;

private:
  void declare(StringRef name, TypeRange arguments);
  Value buildLocation(ImplicitLocOpBuilder &builder, Location location);
  void lower(Operation *op, DiffersFn differs);
};

} // namespace

static void call(ImplicitLocOpBuilder &builder, StringRef function, ValueRange arguments) {
  func::CallOp::create(builder, function, TypeRange(), arguments);
}

/// A number as f64, which holds every element that an expectation takes.
static Value toF64(ImplicitLocOpBuilder &builder, Value value) {
  Type f64 = builder.getF64Type();
  if (value.getType() == f64)
    return value;
  if (value.getType().isInteger(1))
    return arith::UIToFPOp::create(builder, f64, value);
  if (value.getType().isInteger())
    return arith::SIToFPOp::create(builder, f64, value);
  return arith::ExtFOp::create(builder, f64, value);
}

static Value buildIsFar(ImplicitLocOpBuilder &builder, Value actual, Value expected, double atol, double rtol) {
  Value a = toF64(builder, actual), e = toF64(builder, expected);
  auto constant = [&](double value) {
    return arith::ConstantOp::create(builder, builder.getF64FloatAttr(value)).getResult();
  };
  Value difference = math::AbsFOp::create(builder, arith::SubFOp::create(builder, a, e));
  Value scaled = arith::MulFOp::create(builder, constant(rtol), math::AbsFOp::create(builder, e));
  Value tolerance = arith::AddFOp::create(builder, constant(atol), scaled);
  // Ordered comparisons: a NaN is not near. An infinity has an infinite or undefined tolerance, so it is near only by
  // being equal, and `tolerance` must be finite for the other way.
  Value isSame = arith::CmpFOp::create(builder, arith::CmpFPredicate::OEQ, a, e);
  Value isWithin = arith::CmpFOp::create(builder, arith::CmpFPredicate::OLE, difference, tolerance);
  Value infinity = constant(std::numeric_limits<double>::infinity());
  Value isFinite = arith::CmpFOp::create(builder, arith::CmpFPredicate::OLT, tolerance, infinity);
  Value isNear = arith::OrIOp::create(builder, isSame, arith::AndIOp::create(builder, isWithin, isFinite));
  Value yes = arith::ConstantOp::create(builder, builder.getBoolAttr(true));
  return arith::XOrIOp::create(builder, isNear, yes);
}

static Value buildHasOtherBits(ImplicitLocOpBuilder &builder, Value actual, Value expected) {
  if (Type type = actual.getType(); !type.isInteger()) {
    Type bits = builder.getIntegerType(type.getIntOrFloatBitWidth());
    actual = arith::BitcastOp::create(builder, bits, actual);
    expected = arith::BitcastOp::create(builder, bits, expected);
  }
  return arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, actual, expected);
}

void LowerCheckPass::declare(StringRef name, TypeRange arguments) {
  ModuleOp module = getOperation();
  if (module.lookupSymbol(name))
    return;
  auto builder = OpBuilder::atBlockBegin(module.getBody());
  auto type = builder.getFunctionType(arguments, TypeRange());
  func::FuncOp::create(builder, module.getLoc(), name, type).setPrivate();
}

/// A pointer to the C string `file:line`, in a global of its own.
Value LowerCheckPass::buildLocation(ImplicitLocOpBuilder &builder, Location location) {
  std::string text = "unknown";
  if (auto file = location->findInstanceOf<FileLineColLoc>())
    text = (file.getFilename().getValue() + ":" + Twine(file.getLine())).str();
  text.push_back('\0');

  ModuleOp module = getOperation();
  SymbolTable symbols(module);
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), text.size());
  auto globalBuilder = OpBuilder::atBlockBegin(module.getBody());
  auto global = LLVM::GlobalOp::create(globalBuilder, location, type, /*isConstant=*/true, LLVM::Linkage::Internal,
                                       "hone_check_location", builder.getStringAttr(text));
  symbols.insert(global);
  return LLVM::AddressOfOp::create(builder, global);
}

void LowerCheckPass::lower(Operation *op, DiffersFn differs) {
  ImplicitLocOpBuilder builder(op->getLoc(), op);
  Value actual = op->getOperand(0), expected = op->getOperand(1);
  int64_t rank = cast<RankedTensorType>(actual.getType()).getRank();
  auto toI64 = [&](Value index) -> Value { return arith::IndexCastOp::create(builder, builder.getI64Type(), index); };

  call(builder, "hone_check_begin", buildLocation(builder, op->getLoc()));
  SmallVector<Value> sizes;
  Value sameSizes = arith::ConstantOp::create(builder, builder.getBoolAttr(true));
  for (int64_t dim = 0; dim < rank; ++dim) {
    Value actualSize = tensor::DimOp::create(builder, actual, dim);
    Value expectedSize = tensor::DimOp::create(builder, expected, dim);
    call(builder, "hone_check_size", {toI64(actualSize), toI64(expectedSize)});
    Value isSame = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, actualSize, expectedSize);
    sameSizes = arith::AndIOp::create(builder, sameSizes, isSame);
    sizes.push_back(actualSize);
  }
  auto compare = scf::IfOp::create(builder, sameSizes, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(compare.thenBlock());
    SmallVector<Value> starts(rank, arith::ConstantIndexOp::create(builder, 0));
    SmallVector<Value> steps(rank, arith::ConstantIndexOp::create(builder, 1));
    scf::buildLoopNest(builder, op->getLoc(), starts, sizes, steps, [&](OpBuilder &, Location, ValueRange indices) {
      Value position = arith::ConstantIndexOp::create(builder, 0);
      for (auto [index, size] : llvm::zip_equal(indices, sizes))
        position = arith::AddIOp::create(builder, arith::MulIOp::create(builder, position, size), index);
      Value a = tensor::ExtractOp::create(builder, actual, indices);
      Value e = tensor::ExtractOp::create(builder, expected, indices);
      auto report = scf::IfOp::create(builder, differs(builder, a, e), /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(report.thenBlock());
      call(builder, "hone_check_difference", {toI64(position), toF64(builder, a), toF64(builder, e)});
    });
  }
  call(builder, "hone_check_end", {});
  op->erase();
}

void LowerCheckPass::runOnOperation() {
  SmallVector<Operation *> expectations;
  getOperation().walk([&](Operation *op) {
    if (isa<check::ExpectCloseOp, check::ExpectEqualOp>(op))
      expectations.push_back(op);
  });
  if (expectations.empty())
    return;

  MLIRContext *context = &getContext();
  Type i64 = IntegerType::get(context, 64), f64 = Float64Type::get(context);
  declare("hone_check_begin", LLVM::LLVMPointerType::get(context));
  declare("hone_check_size", {i64, i64});
  declare("hone_check_difference", {i64, f64, f64});
  declare("hone_check_end", {});
  for (Operation *op : expectations) {
    if (auto close = dyn_cast<check::ExpectCloseOp>(op)) {
      double atol = close.getAtol().convertToDouble(), rtol = close.getRtol().convertToDouble();
      lower(op, [=](ImplicitLocOpBuilder &builder, Value actual, Value expected) {
        return buildIsFar(builder, actual, expected, atol, rtol);
      });
    } else {
      lower(op, buildHasOtherBits);
    }
  }
}
