//===- EmitModuleDescriptor.cpp - What a program states about itself ----===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hone-rt/ABI.h"
#include "hone/codegen/Common/Buffers.h"
#include "hone/codegen/Common/Passes.h"
#include "hone/dialects/LLM/Encodings.h"
#include "hone/dialects/LLM/LLMOps.h"

using namespace mlir;
using namespace hone;

namespace hone {
#define GEN_PASS_DEF_EMITMODULEDESCRIPTORPASS
#include "hone/codegen/Common/Passes.h.inc"
} // namespace hone

namespace {

constexpr llvm::StringLiteral kStringsSymbol = "hone_strings";
constexpr llvm::StringLiteral kWeightsSymbol = "hone_weight_table";
constexpr llvm::StringLiteral kKernelsSymbol = "hone_kernel_table";
constexpr llvm::StringLiteral kCallsSymbol = "hone_call_table";

/// All strings of the descriptor in one constant.
class StringTable {
public:
  /// Offset of `text`, which is terminated by a zero byte.
  int32_t add(StringRef text) {
    auto [entry, inserted] = offsets.try_emplace(text, static_cast<int32_t>(bytes.size()));
    if (inserted) {
      bytes.append(text.data(), text.size());
      bytes.push_back('\0');
    }
    return entry->second;
  }

  std::string bytes;

private:
  llvm::StringMap<int32_t> offsets;
};

/// Builds the initializer of a constant structure, field by field.
class Initializer {
public:
  Initializer(OpBuilder &builder, Location loc, LLVM::GlobalOp global) : builder(builder), loc(loc) {
    builder.createBlock(&global.getInitializerRegion());
    value = LLVM::PoisonOp::create(builder, loc, global.getType());
    pointer = LLVM::LLVMPointerType::get(builder.getContext());
  }

  void set(ArrayRef<int64_t> position, Value field) {
    value = LLVM::InsertValueOp::create(builder, loc, value, field, position);
  }
  void setInteger(ArrayRef<int64_t> position, unsigned bits, uint64_t number) {
    Type type = builder.getIntegerType(bits);
    set(position, LLVM::ConstantOp::create(builder, loc, type, builder.getIntegerAttr(type, APInt(bits, number))));
  }
  void setAddress(ArrayRef<int64_t> position, StringRef symbol, int32_t offset = 0) {
    Value address = LLVM::AddressOfOp::create(builder, loc, pointer, symbol);
    if (offset)
      address =
          LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), address, ArrayRef<LLVM::GEPArg>{offset});
    set(position, address);
  }
  void setAddressOrNull(ArrayRef<int64_t> position, LLVM::LLVMFuncOp function) {
    if (function)
      return setAddress(position, function.getName());
    set(position, LLVM::ZeroOp::create(builder, loc, pointer));
  }
  void finish() { LLVM::ReturnOp::create(builder, loc, value); }

private:
  OpBuilder &builder;
  Location loc;
  Value value;
  Type pointer;
};

struct EmitModuleDescriptorPass : hone::impl::EmitModuleDescriptorPassBase<EmitModuleDescriptorPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (StringRef name : {llm::kMaxRowsAttr, llm::kArenaBytesAttr, llm::kPageBytesAttr, llm::kVocabularyAttr,
                           llm::kBytesPerRowAttr, llm::kContextLengthAttr})
      if (!module->getAttrOfType<IntegerAttr>(name)) {
        module.emitError("expected the module to have an integer '") << name << "'";
        return signalPassFailure();
      }
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (std::optional<unsigned> level = getStepLevel(function))
        steps[*level] = function;
    if (llvm::none_of(steps, [](LLVM::LLVMFuncOp step) { return static_cast<bool>(step); })) {
      module.emitError("expected '") << kStepFunction << "' as a function of the llvm dialect";
      return signalPassFailure();
    }
    emitDescriptor();
  }

private:
  LLVM::LLVMFuncOp steps[HONE_ISA_LEVELS]; ///< null for a level without code

  /// Of a function that the runtime may call.
  static std::optional<unsigned> getStepLevel(LLVM::LLVMFuncOp function) {
    StringRef name = function.getName();
    if (!name.consume_front(kStepFunction) || (!name.empty() && !name.starts_with(".")))
      return std::nullopt;
    auto level = function->getAttrOfType<StringAttr>(kLevelAttr);
    const auto *found = level ? llvm::find(kIsaLevelNames, level.getValue()) : std::begin(kIsaLevelNames);
    if (found == std::end(kIsaLevelNames))
      return std::nullopt;
    return static_cast<unsigned>(found - std::begin(kIsaLevelNames));
  }

  uint64_t getNumber(StringRef name) {
    return getOperation()->getAttrOfType<IntegerAttr>(name).getValue().getZExtValue();
  }
  StringRef getText(StringRef name) {
    auto text = getOperation()->getAttrOfType<StringAttr>(name);
    return text ? text.getValue() : StringRef();
  }

  LLVM::GlobalOp createConstant(OpBuilder &builder, Type type, LLVM::Linkage linkage, StringRef name,
                                Attribute value = {}) {
    builder.setInsertionPointToEnd(getOperation().getBody());
    return LLVM::GlobalOp::create(builder, getOperation().getLoc(), type, /*isConstant=*/true, linkage, name, value,
                                  /*alignment=*/8);
  }

  void emitDescriptor() {
    OpBuilder builder(&getContext());
    Location loc = getOperation().getLoc();
    Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    StringTable strings;
    int32_t name = strings.add(getText(llm::kNameAttr));
    int32_t architecture = strings.add(getText(llm::kArchitectureAttr));

    // struct hone_weight
    uint64_t total = 0, parameters = 0;
    SmallVector<uint64_t> offsets = llm::getWeightOffsets(getOperation(), total);
    auto weightType = LLVM::LLVMStructType::getLiteral(&getContext(), {pointer, pointer, i64, i64});
    auto tableType = LLVM::LLVMArrayType::get(weightType, offsets.size());
    LLVM::GlobalOp table = createConstant(builder, tableType, LLVM::Linkage::Internal, kWeightsSymbol);
    Initializer weights(builder, loc, table);
    for (auto [index, weight] : llvm::enumerate(getOperation().getOps<llm::WeightOp>())) {
      auto type = cast<RankedTensorType>(weight.getType());
      auto position = static_cast<int64_t>(index);
      weights.setAddress({position, 0}, kStringsSymbol, strings.add(weight.getSymName()));
      weights.setAddress({position, 1}, kStringsSymbol, strings.add(getEncodingName(type)));
      weights.setInteger({position, 2}, 64, offsets[index]);
      weights.setInteger({position, 3}, 64, llm::getWeightBytes(type));
      parameters += type.getNumElements();
    }
    weights.finish();

    // struct hone_module
    int64_t kernelCount = emitKernelTable(builder, strings), callCount = emitCallTable(builder);
    auto stepsType = LLVM::LLVMArrayType::get(pointer, HONE_ISA_LEVELS);
    auto moduleType = LLVM::LLVMStructType::getLiteral(
        &getContext(), {i32, i32, pointer, pointer, i32,     i32,       i32, i32,     i64, i64,
                        i64, i64, i64,     i64,     pointer, stepsType, i64, pointer, i64, pointer});
    LLVM::GlobalOp descriptor = createConstant(builder, moduleType, LLVM::Linkage::External, kModuleSymbol);
    Initializer fields(builder, loc, descriptor);
    fields.setInteger({0}, 32, HONE_ABI_VERSION);
    uint32_t levels = 0;
    for (auto [level, step] : llvm::enumerate(steps))
      levels |= step ? 1u << level : 0;
    fields.setInteger({1}, 32, levels);
    fields.setAddress({2}, kStringsSymbol, name);
    fields.setAddress({3}, kStringsSymbol, architecture);
    fields.setInteger({4}, 32, getNumber(llm::kVocabularyAttr));
    fields.setInteger({5}, 32, getNumber(llm::kContextLengthAttr));
    fields.setInteger({6}, 32, getNumber(llm::kMaxRowsAttr));
    fields.setInteger({7}, 32, PageLayout::positions);
    fields.setInteger({8}, 64, getNumber(llm::kPageBytesAttr));
    fields.setInteger({9}, 64, getNumber(llm::kArenaBytesAttr));
    fields.setInteger({10}, 64, 0); // Kernels keep their scratch on the stack.
    fields.setInteger({11}, 64, parameters);
    fields.setInteger({12}, 64, getNumber(llm::kBytesPerRowAttr));
    fields.setInteger({13}, 64, offsets.size());
    fields.setAddress({14}, kWeightsSymbol);
    for (auto [level, step] : llvm::enumerate(steps))
      fields.setAddressOrNull({15, static_cast<int64_t>(level)}, step);
    fields.setInteger({16}, 64, kernelCount);
    fields.setAddress({17}, kKernelsSymbol);
    fields.setInteger({18}, 64, callCount);
    fields.setAddress({19}, kCallsSymbol);
    fields.finish();
    createConstant(builder, LLVM::LLVMArrayType::get(builder.getI8Type(), strings.bytes.size()),
                   LLVM::Linkage::Internal, kStringsSymbol, builder.getStringAttr(strings.bytes));
  }

  /// struct hone_kernel of each kernel that hone-insert-marks described. Returns how many there are.
  int64_t emitKernelTable(OpBuilder &builder, StringTable &strings) {
    auto kernels = getOperation()->getAttrOfType<ArrayAttr>(llm::kKernelsAttr);
    int64_t count = kernels ? kernels.size() : 0;
    SmallVector<Type> types(7, builder.getI64Type());
    types.front() = LLVM::LLVMPointerType::get(&getContext());
    auto type = LLVM::LLVMArrayType::get(LLVM::LLVMStructType::getLiteral(&getContext(), types), count);
    Initializer table(builder, getOperation().getLoc(),
                      createConstant(builder, type, LLVM::Linkage::Internal, kKernelsSymbol));
    for (int64_t index = 0; index < count; ++index) {
      auto kernel = cast<DictionaryAttr>(kernels[index]);
      table.setAddress({index, 0}, kStringsSymbol, strings.add(kernel.getAs<StringAttr>("name")));
      for (auto [field, key] :
           llvm::enumerate(ArrayRef<StringRef>{"arithmetic", "weight_bytes", "row_weight_bytes", "row_operations",
                                               "position_bytes", "position_operations"}))
        table.setInteger({index, static_cast<int64_t>(field) + 1}, 64, kernel.getAs<IntegerAttr>(key).getInt());
    }
    table.finish();
    return count;
  }

  /// struct hone_call of each call. Returns how many there are.
  int64_t emitCallTable(OpBuilder &builder) {
    auto calls = getOperation()->getAttrOfType<DenseI32ArrayAttr>(llm::kCallsAttr);
    ArrayRef<int32_t> numbers = calls ? calls.asArrayRef() : ArrayRef<int32_t>();
    auto size = static_cast<int64_t>(numbers.size());
    auto type = RankedTensorType::get({size}, builder.getI32Type());
    createConstant(builder, LLVM::LLVMArrayType::get(builder.getI32Type(), size), LLVM::Linkage::Internal, kCallsSymbol,
                   DenseElementsAttr::get(type, numbers));
    return size / 3;
  }

  static std::string getEncodingName(RankedTensorType type) {
    llm::StoredAttr stored = llm::getStored(type);
    if (!stored)
      return "f32"; // Norm weights.
    std::string name = llm::stringifyScheme(stored.getScheme()).str();
    if (llm::PanelAttr panel = stored.getPanel())
      name += (", panel = <" + Twine(panel.getRows()) + "x" + Twine(panel.getColumns()) + ">").str();
    return name;
  }
};

} // namespace
