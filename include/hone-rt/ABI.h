/*===- ABI.h - Between generated code and the runtime ------------*- C -*-===*\
|*
|* Part of hone, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* The compiler emits one `hone_module` and one step function per program; the
|* runtime fills a `hone_step` and lets every worker call it. Plain C, fixed
|* layout on x86-64 (LP64). Any change raises HONE_ABI_VERSION.
|*
\*===----------------------------------------------------------------------===*/

#ifndef HONE_RT_ABI_H
#define HONE_RT_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HONE_ABI_VERSION 2

/* x86-64 ISA levels, as indices of `hone_module.steps`; bit 1 << index of `hone_module.isa_levels`. All give the same
 * bits, so that the highest that a CPU has can be taken. */
#define HONE_ISA_X86_64_V3 0 /* AVX2, FMA, F16C, BMI2 */
#define HONE_ISA_AVX_VNNI 1  /* and AVX-VNNI */
#define HONE_ISA_AVX_512 2   /* x86-64-v4 (AVX-512 F, BW, CD, DQ, VL) and AVX512-VNNI */
#define HONE_ISA_AMX 3       /* and AVX512-BF16, AMX-TILE, AMX-INT8, AMX-BF16; the kernel must have granted the tiles */
#define HONE_ISA_LEVELS 4
/* What options and messages call them. */
#define HONE_ISA_LIST "x86-64-v3, avx-vnni, avx-512, amx"
#define HONE_ISA_NAMES                                                                                                 \
  { "x86-64-v3", "avx-vnni", "avx-512", "amx" }

/* A barrier of all workers of a step. Defined by the runtime. */
typedef struct hone_barrier hone_barrier;

/* Called by generated code: returns once all workers of the step have called it; what each wrote before is then
 * visible to all. Defined by the runtime. */
void hone_rt_barrier(hone_barrier *barrier);

/* Called by generated code, by each worker behind each kernel call: `call` is its index in `hone_module.calls`. Behind
 * each barrier it is called with -1. Costs a load and a branch unless the runtime records the step (bench --profile).
 * Defined by the runtime. */
void hone_rt_mark(hone_barrier *barrier, int64_t worker, int64_t call);

/* Called by code that was generated with taps, for checks (hone-insert-taps); programs have none, and no runtime
 * defines it. Each worker calls it behind kernel call `call` of the step, which counts from 0, for each value that the
 * call writes; behind each phase of a kernel that has several. The value is whole once all workers have called, for the
 * last phase. `memory` has `bytes` bytes, or is `hone_step.pages` where `bytes` is 0. */
void hone_rt_tap(hone_barrier *barrier, int64_t worker, int64_t call, int64_t value, const void *memory, int64_t bytes);

/* The inputs of one step over `rows` rows. A row is one token of one sequence at one position. Rows of one sequence
 * stand in ascending order of position. All pointers stay valid and unchanged while the step runs. */
typedef struct hone_step {
  int64_t rows;                  /* 1 .. hone_module.max_rows */
  int64_t logit_rows;            /* 0 .. rows: how many rows need logits */
  const int32_t *tokens;         /* [rows], each < vocabulary */
  const int32_t *positions;      /* [rows], each < context_length */
  const int32_t *sequences;      /* [rows], an index into `pages` */
  const int32_t *logit_row;      /* [logit_rows], ascending indices of rows */
  float *logits;                 /* out: [logit_rows][vocabulary] */
  uint8_t *const *const *pages;  /* [sequence][position / page_positions]: KV pages of page_bytes, 64-byte aligned */
  const uint8_t *const *weights; /* [weight_count]: start of each packed weight, 64-byte aligned */
  uint8_t *arena;                /* arena_bytes, 64-byte aligned, zero when it is made: values between kernels */
  uint8_t *worker_arena;         /* [workers][worker_arena_bytes], 64-byte aligned: scratch of one worker */
  hone_barrier *barrier;
} hone_step;

/* The whole step, called by all workers at once with their index in [0, workers). */
typedef void (*hone_step_function)(const hone_step *step, int32_t worker, int32_t workers);

/* One packed weight inside the weight section. */
typedef struct hone_weight {
  const char *name;     /* as in the model file */
  const char *encoding; /* as the compiler prints it, for example "q4_1, panel = <8x32>" */
  uint64_t offset;      /* from the start of the weight section, a multiple of 64 */
  uint64_t bytes;
} hone_weight;

/* What the operations of a kernel are done in, `hone_kernel.arithmetic`. */
#define HONE_ARITHMETIC_NONE 0u
#define HONE_ARITHMETIC_F32 1u
#define HONE_ARITHMETIC_INT16 2u
#define HONE_ARITHMETIC_INT8 3u

/* What one kernel reads and computes in each of its calls, for a profile. An operation is a multiplication or an
 * addition of a product; what a kernel does beside products is not counted. */
typedef struct hone_kernel {
  const char *name;             /* the op, with scheme and shape of its weights: "linear_q4_1_576x1536" */
  uint64_t arithmetic;          /* HONE_ARITHMETIC_* */
  uint64_t weight_bytes;        /* of weights, read once by a call that has rows */
  uint64_t row_weight_bytes;    /* of weights, read for each row */
  uint64_t row_operations;      /* for each row */
  uint64_t position_bytes;      /* of keys and values, for each position of each sequence */
  uint64_t position_operations; /* for each row and each position that it sees */
} hone_kernel;

#define HONE_CALL_LOGIT_ROWS (1u << 0)  /* its rows are those that need logits */
#define HONE_CALL_LATER_PHASE (1u << 1) /* goes on with the call before it, which is counted for both */

/* One kernel call of a step, in their order. */
typedef struct hone_call {
  uint32_t kernel; /* an index into `hone_module.kernels` */
  uint32_t flags;  /* HONE_CALL_* */
  int32_t weight;  /* the first weight that it reads, an index into `hone_module.weights`; -1 without */
} hone_call;

/* What a generated program states about itself. One per program: `hone_program_module`. */
typedef struct hone_module {
  uint32_t abi_version;     /* HONE_ABI_VERSION; first, so that any version can be refused */
  uint32_t isa_levels;      /* bits of the HONE_ISA_* that the program has code for */
  const char *name;         /* general.name of the model */
  const char *architecture; /* for example "llama" */
  uint32_t vocabulary;      /* logits per row */
  uint32_t context_length;  /* largest number of positions of a sequence */
  uint32_t max_rows;        /* largest number of rows of one step */
  uint32_t page_positions;  /* positions per KV page */
  uint64_t page_bytes;      /* keys and values of all layers, page_positions positions */
  uint64_t arena_bytes;
  uint64_t worker_arena_bytes;     /* a multiple of 64 */
  uint64_t parameters;             /* number of weights, for display */
  uint64_t weight_bytes_per_token; /* bytes of weights that a step of one row reads */
  uint64_t weight_count;
  const hone_weight *weights;                /* [weight_count] */
  hone_step_function steps[HONE_ISA_LEVELS]; /* one for each level, null without */
  uint64_t kernel_count;
  const hone_kernel *kernels; /* [kernel_count] */
  uint64_t call_count;        /* 0 where the step has no marks */
  const hone_call *calls;     /* [call_count] */
} hone_module;

extern const hone_module hone_program_module;

/* Bounds of the sections that the packager adds, defined by the link. The tokenizer section holds what
 * hone::text::Tokenizer::serialize wrote; it is empty for a model without a tokenizer. */
extern const uint8_t hone_weights_begin[], hone_weights_end[];
extern const uint8_t hone_tokenizer_begin[], hone_tokenizer_end[];

/* What a shared library tells a runtime that opens it by path (`hone_library_description`). */
typedef struct hone_library {
  uint32_t abi_version; /* HONE_ABI_VERSION; first, so that any version can be refused */
  uint32_t reserved;
  const char *version; /* of hone. Its step calls its own hone_rt_barrier: only the same version has the same barrier */
  const hone_module *module;
  const uint8_t *weights_begin, *weights_end, *tokenizer_begin, *tokenizer_end;
} hone_library;

#ifdef __cplusplus
}
#endif

#endif /* HONE_RT_ABI_H */
