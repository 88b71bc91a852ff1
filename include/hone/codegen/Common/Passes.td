//===- Passes.td - From bufferization to a program, for every target --*- tablegen -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_CODEGEN_COMMON_PASSES
#define HONE_CODEGEN_COMMON_PASSES

include "mlir/Pass/PassBase.td"

def BufferizeStepPass : Pass<"hone-bufferize-step", "::mlir::ModuleOp"> {
  let summary = "Gives every value between kernels memory, and kernels a signature of memory";
  let description = [{
    r = call @kernel(a, w)  =>  r = memref.alloc, call @kernel(a, w, r, worker, workers)

    A kernel's body becomes `llm.to_buffer(op(llm.from_buffer...))`: its op stays whole for the target to lower. An
    encoded weight becomes plain bytes at an address from the table of weights; `!llm.kv` becomes the table of page
    tables. Each argument of a kernel says whether it is read or written (`llm.access`). Workers share the positions that
    `llm.attention` sees in two phases: its kernel is called for each, with memory for what the first leaves to the second,
    call @attention(..., r, shared, phase, worker, workers). The step becomes

    step(tokens, positions, sequences, logit_rows, pages, logits, weights, arena, barrier, worker, workers).
  }];
  let dependentDialects = ["::hone::llm::LLMDialect", "::mlir::memref::MemRefDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect"];
}

def EmbedWeightsPass : Pass<"hone-embed-weights", "::mlir::ModuleOp"> {
  let summary = "Makes the weights of a test constants in memory";
  let description = [{
    llm.weight @w { recipe }  =>  memref.global constant @w : the bytes that the recipe gives
    llm.weight_ref @w         =>  llm.from_buffer (memref.get_global @w)

    For modules that test kernels: recipes are made of `arith.constant`, `check.convert` and `llm.pack`. A conversion
    to a scheme finds the blocks that represent its numbers exactly, or fails. The weights of a model stay
    `llm.weight`, which is evaluated when a program is packaged.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect", "::mlir::memref::MemRefDialect"];
}

def BufferizeCallersPass : Pass<"hone-bufferize-callers", "::mlir::ModuleOp"> {
  let summary = "Gives kernels a signature of memory, and functions that test them memory to call them with";
  let description = [{
    r = call @kernel(a)  =>  for each n of `workers`: b_n = memref.alloc, for i < n: call @kernel(memory of a, b_n, i, n)
                             r = bufferization.to_tensor b_1, check.expect_equal b_n, b_1

    Kernels are those of hone-bufferize-step; their callers are functions over tensors in place of a step. Each number
    of workers is a run of its own from the function's inputs on; workers work one after another, and all runs must
    leave the same bits. Results hold NaN (or bytes of set bits) until a kernel writes them. `check.convert` becomes code: to
    `!llm.kv` it makes pages, NaN where no number goes and in another order than their positions, with their tables, and
    back it reads them; blocked rows become the numbers that they stand for.
  }];
  let dependentDialects = ["::hone::llm::LLMDialect", "::mlir::memref::MemRefDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::bufferization::BufferizationDialect",
                           "::hone::check::CheckDialect"];
  let options = [
    ListOption<"workers", "workers", "int64_t", "Numbers of workers to run each kernel with; one by default">];
}

def PlanArenaPass : Pass<"hone-plan-arena", "::mlir::ModuleOp"> {
  let summary = "Places the values between kernels in one arena";
  let description = [{
    b = memref.alloc(rows)  =>  b = memref.view arena[offset]

    Values whose lifetimes do not overlap share bytes, for `max-rows` rows. Lifetimes count stages: calls that do not
    depend on each other run without a barrier between them, and sharing adds none. Sets `llm.arena_bytes` and `llm.max_rows` on the module.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
  let options = [Option<"maxRows", "max-rows", "int64_t", "256", "Largest number of rows of one step">];
}

def PlaceBarriersPass : Pass<"hone-place-barriers", "::mlir::ModuleOp"> {
  let summary = "Separates kernels that touch the same memory";
  let description = [{
    call @a(..., x written), call @b(x read)  =>  call @a, barrier, call @b

    A barrier stands before a call that reads or writes bytes which another call wrote, or writes bytes which another
    call read, since the last barrier. Bytes are compared by their range in the arena, so it also separates values that
    only share memory.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

def InsertTapsPass : Pass<"hone-insert-taps", "::mlir::ModuleOp"> {
  let summary = "Shows what each kernel call of a step wrote";
  let description = [{
    call @kernel(..., x written)  =>  call @kernel(..., x), call @hone_rt_tap(barrier, worker, call, value, x, bytes of x)

    For checks that run a step in memory (hone equiv --target step): the pipeline of `hone compile` does not have it, so
    programs hold no tap. Calls are numbered in their order, and the values that one call writes. Every worker calls
    the tap; no barrier is added, since it would hide one that is missing. `hone_rt_tap` is told of in hone-rt/ABI.h.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect"];
}

def InsertMarksPass : Pass<"hone-insert-marks", "::mlir::ModuleOp"> {
  let summary = "Lets the runtime see where the time of a step goes";
  let description = [{
    call @kernel(...), barrier  =>  call @kernel(...), call @hone_rt_mark(barrier, worker, call), barrier,
                                    call @hone_rt_mark(barrier, worker, -1)

    Every worker calls the mark behind each kernel call, which counts from 0, and behind each barrier; the runtime does
    nothing in it unless it records. The module learns what the marks mean: `llm.kernels` holds for each kernel its name,
    arithmetic, and bytes and operations, `llm.calls` for each call its kernel, flags and first weight (-1 without), as
    `hone_kernel` and `hone_call` of hone-rt/ABI.h tell of them. Products, attention and table lookups are counted.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect"];
}

def PartitionWorkersPass : Pass<"hone-partition-workers", "::mlir::ModuleOp"> {
  let summary = "Gives each worker its share of a kernel's parallel part";
  let description = [{
    scf.forall (i) in (n) { body }  =>  scf.while { scf.for i = lower to upper { body }, ticket = counter++ }

    Each worker has a share, from worker * n / workers to (worker + 1) * n / workers. The last quarter of all shares is
    open to every worker: who is done with the rest of its own takes pieces of it, with tickets from a counter, so that
    none waits long for a slower one. Tickets go round the shares and halve what is left of each: of 8 open iterations
    the pieces have 4, 2, 1 and 1. Results do not depend on who runs an iteration, since each writes what no other
    touches; a kernel that knows its worker is refused. One worker asks for nothing, and few iterations have no open part.

    Kernels take their counters as another argument, the last: a cache line, 16 of i32, one for each parallel loop. They
    are zero before a kernel and again once all workers have left it. Those of a step's calls are appended to the arena
    (`llm.counter_bytes`): calls between two barriers have a line each. A function that tests kernels has them on its stack.
    What marked kernels for the passes before goes: they are plain code now.
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect"];
}

def EmitStepEntryPass : Pass<"hone-emit-step-entry", "::mlir::ModuleOp"> {
  let summary = "The function that the runtime calls";
  let description = [{
    func @step(memrefs...)  =>  func private @step, func @hone_step(pointer to hone_step, worker, workers) { call @step }

    `hone_step` unpacks the structure of hone-rt/ABI.h.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect"];
}

def EmitModuleDescriptorPass : Pass<"hone-emit-module-descriptor", "::mlir::ModuleOp"> {
  let summary = "What a program states about itself";
  let description = [{
    module attributes, llm.weight symbols  =>  constant @hone_program_module

    Lays `hone_module` of hone-rt/ABI.h out in the LLVM dialect; kernels and calls are those of hone-insert-marks, none
    without it. The weights stay in the module: their recipes run when
    the program is packaged.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ContractLoweredPass : Pass<"hone-contract-lowered", "::mlir::ModuleOp"> {
  let summary = "Checks what the phase 'lowered' promises: LLVM code and weights alone";
  let description = [{
    The module holds functions and globals of the LLVM dialect, among them `hone_step` and `hone_program_module`, and
    the `llm.weight` symbols, whose recipes run when the program is packaged.
  }];
}

#endif // HONE_CODEGEN_COMMON_PASSES
