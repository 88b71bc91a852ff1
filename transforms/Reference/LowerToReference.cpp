//===- LowerToReference.cpp - llm to plain loops over tensors -------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone/dialects/Check/CheckOps.h"
#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"
#include "hone/transforms/Reference/Passes.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "llvm/ADT/SetVector.h"

namespace hone {
#define GEN_PASS_DEF_LOWERTOREFERENCEPASS
#include "hone/transforms/Reference/Passes.h.inc"
} // namespace hone

using namespace mlir;
using namespace hone;

namespace {

/// Values of the weights whose recipe is built on a constant, by name. Weights of the model file are absent.
using ConstantWeights = llvm::DenseMap<StringAttr, DenseElementsAttr>;

/// Model types to the plain tensors that stand for them.
class ReferenceTypeConverter : public TypeConverter {
public:
  ReferenceTypeConverter() {
    addConversion([](Type type) { return type; });
    addConversion([](RankedTensorType type) -> std::optional<Type> {
      if (!llm::getStored(type) && !llm::getBlocked(type))
        return std::nullopt;
      return RankedTensorType::get(type.getShape(), Float32Type::get(type.getContext()));
    });
    addConversion([](llm::KVType type) -> Type {
      int64_t shape[] = {
          2, type.getLayers(), ShapedType::kDynamic, ShapedType::kDynamic, type.getHeads(), type.getHeadDim()};
      return RankedTensorType::get(shape, type.getNumberType());
    });
  }
};

struct LowerGraphOp : OpInterfaceConversionPattern<llm::ReferenceLoweringOpInterface> {
  using OpInterfaceConversionPattern::OpInterfaceConversionPattern;

  LogicalResult matchAndRewrite(llm::ReferenceLoweringOpInterface op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    FailureOr<SmallVector<Value>> results = op.lowerToReference(rewriter, operands);
    if (failed(results))
      return rewriter.notifyMatchFailure(op, "op refused to build its reference");
    rewriter.replaceOp(op, *results);
    return success();
  }
};

struct LowerWeightRef : OpConversionPattern<llm::WeightRefOp> {
  LowerWeightRef(const TypeConverter &converter, MLIRContext *context, const ConstantWeights &weights)
      : OpConversionPattern(converter, context), weights(weights) {}

  LogicalResult matchAndRewrite(llm::WeightRefOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    DenseElementsAttr values = weights.lookup(op.getWeightAttr().getAttr());
    if (!values)
      return rewriter.notifyMatchFailure(op, "the weight is not constant");
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, values);
    return success();
  }

  const ConstantWeights &weights;
};

struct LowerConvert : OpConversionPattern<check::ConvertOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(check::ConvertOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Value input = adaptor.getInput();
    Type type = getTypeConverter()->convertType(op.getResult().getType());
    if (input.getType() == type) {
      rewriter.replaceOp(op, input);
      return success();
    }
    if (!tensor::CastOp::areCastCompatible(input.getType(), type))
      return op.emitOpError() << "expected numbers of type " << type << " here, got " << input.getType();
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, type, input);
    return success();
  }
};

struct LowerToReferencePass : public hone::impl::LowerToReferencePassBase<LowerToReferencePass> {
  void runOnOperation() override;
};

} // namespace

/// The values of a weight as f32, null if its recipe reads the model file, failure if no value is known.
static FailureOr<DenseElementsAttr> evaluateConstantRecipe(llm::WeightOp weight) {
  Value value = cast<llm::YieldOp>(weight.getRecipe().front().getTerminator()).getValue();
  while (true) {
    Operation *op = value.getDefiningOp();
    if (isa<llm::FileTensorOp>(op))
      return DenseElementsAttr();
    if (isa<llm::PackOp, llm::DecodeOp, check::ConvertOp>(op)) {
      value = op->getOperand(0);
      continue;
    }
    auto constant = dyn_cast<arith::ConstantOp>(op);
    if (!constant)
      return op->emitOpError() << "expected a constant, a tensor of the model file, or an op that keeps values in the "
                               << "recipe of '" << weight.getSymName() << "'";
    auto values = dyn_cast<DenseFPElementsAttr>(constant.getValue());
    if (!values)
      return op->emitOpError() << "expected a dense constant of floats, got " << constant.getType();
    auto type = RankedTensorType::get(values.getType().getShape(), Float32Type::get(weight.getContext()));
    DenseElementsAttr widened = values.mapValues(type.getElementType(), [](const APFloat &element) {
      APFloat result = element;
      bool losesInfo;
      result.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
      return result.bitcastToAPInt();
    });
    return widened.reshape(type);
  }
}

/// Gives each function an argument for each weight of the model file that it or a function that it calls refers to.
static LogicalResult passFileWeights(ModuleOp module, const ConstantWeights &constants) {
  using Needs = llvm::SetVector<llm::WeightOp>;
  llvm::MapVector<func::FuncOp, Needs> needs;
  SymbolTable symbols(module);

  for (auto function : module.getOps<func::FuncOp>()) {
    Needs &own = needs[function];
    function.walk([&](llm::WeightRefOp ref) {
      if (!constants.contains(ref.getWeightAttr().getAttr()))
        own.insert(symbols.lookup<llm::WeightOp>(ref.getWeight()));
    });
  }
  // The needs of callees reach their callers, through any number of calls.
  for (bool changed = true; changed;) {
    changed = false;
    for (auto &entry : needs)
      entry.first.walk([&](func::CallOp call) {
        auto callee = needs.find(symbols.lookup<func::FuncOp>(call.getCallee()));
        if (callee == needs.end() || callee == &entry)
          return;
        for (llm::WeightOp weight : callee->second)
          changed |= entry.second.insert(weight);
      });
  }

  for (auto &[function, own] : needs) {
    llvm::DenseMap<llm::WeightOp, Value> arguments;
    for (llm::WeightOp weight : own) {
      auto name = NamedAttribute(kWeightArgumentAttr, weight.getSymNameAttr());
      auto attributes = DictionaryAttr::get(module.getContext(), name);
      unsigned index = function.getNumArguments();
      if (failed(function.insertArgument(index, weight.getType(), attributes, weight.getLoc())))
        return failure();
      arguments[weight] = function.getArgument(index);
    }
    function.walk([&](llm::WeightRefOp ref) {
      if (Value argument = arguments.lookup(symbols.lookup<llm::WeightOp>(ref.getWeight()))) {
        ref.replaceAllUsesWith(argument);
        ref.erase();
      }
    });
    function.walk([&](func::CallOp call) {
      auto callee = needs.find(symbols.lookup<func::FuncOp>(call.getCallee()));
      if (callee == needs.end())
        return;
      for (llm::WeightOp weight : callee->second)
        call->insertOperands(call.getNumOperands(), arguments.lookup(weight));
    });
  }
  return success();
}

void LowerToReferencePass::runOnOperation() {
  ModuleOp module = getOperation();
  MLIRContext *context = &getContext();

  ConstantWeights constants;
  for (auto weight : module.getOps<llm::WeightOp>()) {
    FailureOr<DenseElementsAttr> values = evaluateConstantRecipe(weight);
    if (failed(values))
      return signalPassFailure();
    if (*values)
      constants[weight.getSymNameAttr()] = *values;
  }
  if (failed(passFileWeights(module, constants)))
    return signalPassFailure();

  ReferenceTypeConverter converter;
  ConversionTarget target(*context);
  RewritePatternSet patterns(context);
  target.addIllegalDialect<llm::LLMDialect>();
  // Recipes keep their types; they go as a whole below.
  target.addLegalOp<llm::WeightOp>();
  target.markOpRecursivelyLegal<llm::WeightOp>();
  target.addIllegalOp<check::ConvertOp>();
  target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp function) {
    return converter.isSignatureLegal(function.getFunctionType()) && converter.isLegal(&function.getBody());
  });
  target.markUnknownOpDynamicallyLegal([&](Operation *op) { return converter.isLegal(op); });
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns, converter);
  populateCallOpTypeConversionPattern(patterns, converter);
  populateReturnOpTypeConversionPattern(patterns, converter);
  scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns, target);
  patterns.add<LowerGraphOp, LowerConvert>(converter, context);
  patterns.add<LowerWeightRef>(converter, context, constants);
  if (failed(applyPartialConversion(module, target, std::move(patterns))))
    return signalPassFailure();

  for (auto weight : llvm::make_early_inc_range(module.getOps<llm::WeightOp>()))
    weight.erase();
  // What remains is no model, and the llm dialect does not let its attributes stand on ops of the llvm dialect.
  module.walk([](Operation *op) {
    for (NamedAttribute attribute : llvm::to_vector(op->getDiscardableAttrs()))
      if (isa_and_nonnull<llm::LLMDialect>(attribute.getNameDialect()))
        op->removeDiscardableAttr(attribute.getName());
  });
}
