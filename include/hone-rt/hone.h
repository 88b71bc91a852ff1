/*===- hone.h - The C API of compiled models ----------------------*- C -*-===*\
|*
|* Part of hone, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|* What a shared library made by `hone compile MODEL --emit=shared` exports.
|*
|* Objects. A `hone_model` is the compiled model: weights, code, tokenizer; it
|* never changes. A `hone_session` runs it: it owns worker threads and the
|* memory for keys and values of its sequences. A sequence is a number. A
|* `hone_sampler` chooses tokens.
|*
|* Threads. All functions that take a model alone may be called from any
|* number of threads at once. A session, and likewise a sampler, is for one
|* call at a time, from any thread; sessions are independent of each other. A
|* second call into a busy session returns HONE_BUSY and does nothing.
|* hone_session_cancel and hone_session_resume may be called at any time, from
|* any thread and from signal handlers. Nothing survives fork(2): open models
|* and sessions in the child.
|*
|* Errors. Functions that can fail return a status and, unless `error` is
|* null, write the same status and one line of text there. That memory is the
|* caller's; nothing is kept per thread and nothing is to be freed. After a
|* failure nothing has changed, where a function does not say otherwise. The
|* library prints nothing, installs no signal handlers and never ends the
|* process, with one exception: where the system refuses a small allocation.
|*
|* Ownership. What a function ending in `_open` or `_create` gave, the caller
|* ends by the matching function. All inputs are copied or used during the
|* call alone. Texts are UTF-8.
|*
|* Results. Logits have the same bits for any number of threads, for a prompt
|* given at once, in pieces or token by token, and alone or beside other
|* sequences in one step.
|*
\*===----------------------------------------------------------------------===*/

#ifndef HONE_RT_HONE_H
#define HONE_RT_HONE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a function or field changes its meaning or goes. Structures only grow at their end: their first field,
 * `size`, is set by the caller to sizeof, so that old programs go on working. */
#define HONE_API_VERSION 1

typedef struct hone_model hone_model;
typedef struct hone_session hone_session;
typedef struct hone_sampler hone_sampler;

/* Later versions may have more. */
typedef int32_t hone_status;
enum {
  HONE_OK = 0,
  HONE_INVALID_ARGUMENT = 1, /* a null pointer, or a value that the function does not take */
  HONE_NOT_FOUND = 2,        /* no such file, or it cannot be read */
  HONE_BAD_LIBRARY = 3,      /* not made by hone, by another version of it, or damaged */
  HONE_UNSUPPORTED = 4,      /* this CPU lacks instructions; this model has no tokenizer or chat template */
  HONE_BUFFER_TOO_SMALL = 5, /* the size that is needed was returned */
  HONE_BAD_TOKEN = 6,        /* not below the size of the vocabulary */
  HONE_BAD_SEQUENCE = 7,     /* not open in this session */
  HONE_BAD_POSITION = 8,     /* not where the sequence goes on */
  HONE_TOO_MANY_SEQUENCES = 9,
  HONE_CONTEXT_FULL = 10,  /* the sequence would have more positions than the session keeps */
  HONE_OUT_OF_MEMORY = 11, /* the session's limit of KV pages, or the system's memory or threads */
  HONE_CANCELLED = 12,
  HONE_BUSY = 13 /* another call uses this session */
};

typedef struct hone_error {
  hone_status status;
  char message[508]; /* one line, NUL-terminated; cut at a character if it does not fit */
} hone_error;

/* The status as text, such as "HONE_BAD_TOKEN". Constant. */
const char *hone_status_name(hone_status status);

/* HONE_API_VERSION of the library, and the version of hone that made it, such as "0.1.0". Constant. */
uint32_t hone_api_version(void);
const char *hone_version(void);

/*===----------------------------------------------------------------------===*\
|* Models
\*===----------------------------------------------------------------------===*/

/* Opens a model: that of this library if `path` is null, else that of the library in the file `path`, which is not
 * searched for and must come from the same version of hone. So a program linked with one library can run several.
 * Checks that the file is whole and undamaged outside its weights, its tables and the CPU. Cheap: weights are mapped,
 * not read. */
hone_status hone_model_open(const char *path, hone_model **model, hone_error *error);

/* Ends a model; null is allowed. Sessions that use it keep it alive until they are closed. */
void hone_model_close(hone_model *model);

typedef struct hone_model_info {
  size_t size;              /* set by the caller: sizeof(hone_model_info) */
  const char *name;         /* texts live as long as the model */
  const char *architecture; /* for example "llama" */
  uint64_t parameters;
  uint64_t weight_bytes;
  uint32_t vocabulary;      /* logits of a row; tokens are below it */
  uint32_t context_length;  /* most positions of a sequence */
  uint32_t max_rows;        /* rows that are computed at once */
  uint32_t page_positions;  /* positions of a KV page */
  uint64_t page_bytes;
  int32_t bos_token;        /* -1: none */
  int32_t eos_token;        /* -1: none */
  int32_t has_tokenizer;    /* 0 or 1 */
  int32_t has_chat_template; /* 0 or 1 */
} hone_model_info;

hone_status hone_model_get_info(const hone_model *model, hone_model_info *info, hone_error *error);

/* Flags of hone_tokenize. */
#define HONE_TOKENIZE_BOS 1u     /* begin with BOS if the model expects one and the text does not */
#define HONE_TOKENIZE_SPECIAL 2u /* control tokens in the text, such as <|im_start|>, become their ids */

/* The tokens of `bytes` bytes of text. `count` receives how many there are, whatever `capacity` is. Null and 0 for
 * `tokens` and `capacity` ask for that number alone; otherwise a capacity below it gives HONE_BUFFER_TOO_SMALL. */
hone_status hone_tokenize(const hone_model *model, const char *text, size_t bytes, uint32_t flags, int32_t *tokens,
                          size_t capacity, size_t *count, hone_error *error);

/* The exact bytes of tokens, control tokens left out, with a NUL after them. A character may span tokens: the bytes of
 * some need not be UTF-8. `bytes` receives their number without the NUL; lengths are asked for as in hone_tokenize. */
hone_status hone_detokenize(const hone_model *model, const int32_t *tokens, size_t count, char *text, size_t capacity,
                            size_t *bytes, hone_error *error);

/* 1 if the token ends an answer (the end of the text or of a turn), else 0. */
int hone_is_end_token(const hone_model *model, int32_t token);

typedef struct hone_message {
  const char *role; /* "system", "user", "assistant" */
  const char *content;
} hone_message;

/* A conversation as the model was trained to read it. With `begin_answer` the text ends where the model's answer
 * begins. Tokenize it with HONE_TOKENIZE_BOS | HONE_TOKENIZE_SPECIAL. Lengths as in hone_detokenize. */
hone_status hone_apply_chat_template(const hone_model *model, const hone_message *messages, size_t count,
                                     int begin_answer, char *text, size_t capacity, size_t *bytes, hone_error *error);

/*===----------------------------------------------------------------------===*\
|* Sessions
\*===----------------------------------------------------------------------===*/

/* 0 in any field but `size` means the default. */
typedef struct hone_session_options {
  size_t size;         /* sizeof(hone_session_options) */
  uint32_t threads;    /* workers, at most 1024; default: the CPUs that the process may use */
  uint32_t context;    /* most positions of a sequence; default: the model's context_length */
  uint32_t sequences;  /* most sequences at one time, at most 65536; default: 1 */
  uint32_t step_rows;  /* most rows computed at once; default: the model's max_rows */
  uint64_t page_limit; /* most KV pages at one time; default: what all sequences can fill */
  uint32_t huge_pages; /* 1: move the model's weights into huge pages, some between steps; default: they stay mapped */
  uint32_t reserved;   /* 0 */
} hone_session_options;

/* Starts the workers and reads the weights into memory if they fit. `options` may be null. KV pages are taken from the
 * system when they are first needed, up to the limit, and kept for reuse. */
hone_status hone_session_open(hone_model *model, const hone_session_options *options, hone_session **session,
                              hone_error *error);

/* Ends a session that no call uses, its threads and its memory; null is allowed. */
void hone_session_close(hone_session *session);

/* Makes hone_session_step and hone_generate return HONE_CANCELLED, those that run (after at most `step_rows` more rows)
 * and those that are called later, until hone_session_resume. Async-signal-safe. */
void hone_session_cancel(hone_session *session);
void hone_session_resume(hone_session *session);

typedef struct hone_session_info {
  size_t size; /* set by the caller: sizeof(hone_session_info) */
  uint32_t threads;
  uint32_t context;
  uint32_t sequences; /* most at one time */
  uint32_t step_rows;
  uint64_t page_limit;
  uint64_t pages_in_use; /* a page that several sequences share counts once */
} hone_session_info;

hone_status hone_session_get_info(hone_session *session, hone_session_info *info, hone_error *error);

/*===----------------------------------------------------------------------===*\
|* Sequences
\*===----------------------------------------------------------------------===*/

/* A new, empty sequence. The numbers of closed sequences are used again. */
hone_status hone_sequence_open(hone_session *session, int32_t *sequence, hone_error *error);

/* A new sequence that continues a copy of `sequence`: both share all pages, and a page is copied when one of them
 * writes to it. So a common beginning is computed and kept once. */
hone_status hone_sequence_fork(hone_session *session, int32_t sequence, int32_t *fork, hone_error *error);

/* Forgets the positions from `length` on; at most the sequence's length. It goes on as if they had not been. */
hone_status hone_sequence_trim(hone_session *session, int32_t sequence, uint32_t length, hone_error *error);

/* How many positions the sequence has. */
hone_status hone_sequence_length(hone_session *session, int32_t sequence, uint32_t *length, hone_error *error);

hone_status hone_sequence_close(hone_session *session, int32_t sequence, hone_error *error);

/*===----------------------------------------------------------------------===*\
|* Steps
\*===----------------------------------------------------------------------===*/

#define HONE_NEXT_POSITION (-1)

/* One token to be appended to a sequence. */
typedef struct hone_row {
  int32_t sequence;
  int32_t token;
  int32_t position;     /* HONE_NEXT_POSITION, or where the caller takes the token to be: another place is an error */
  int32_t wants_logits; /* not 0: the logits that follow this token are written */
} hone_row;

/* Appends any number of rows of any sequences; rows of one sequence in their order. `logits` receives [vocabulary]
 * numbers for each row that wants them, in the order of the rows; `logit_rows` is how many of them it has room for.
 * After a failure or cancellation every sequence is as it was before. */
hone_status hone_session_step(hone_session *session, const hone_row *rows, size_t count, float *logits,
                              size_t logit_rows, hone_error *error);

/*===----------------------------------------------------------------------===*\
|* Sampling and generation
\*===----------------------------------------------------------------------===*/

/* How a token is chosen. 0 in a field switches it off. In this order: the repeat penalty; with temperature 0 the
 * largest logit wins; else the top_k largest stay, of those the likeliest that reach top_p, of those the ones at least
 * min_p as likely as the first, and one is drawn. The command line of programs has top_k 40, top_p 0.95, min_p 0.05. */
typedef struct hone_sampler_options {
  size_t size;           /* sizeof(hone_sampler_options) */
  double temperature;    /* 0 to 100 */
  double top_p;          /* 0 to 1 */
  double min_p;          /* 0 to 1 */
  double repeat_penalty; /* divides the logits of the last 64 tokens; 0.01 to 100 */
  uint32_t top_k;
  uint32_t reserved; /* 0 */
  uint64_t seed;     /* the same seed, options and logits give the same tokens on every machine */
} hone_sampler_options;

/* `options` may be null: the largest logit wins. */
hone_status hone_sampler_create(const hone_sampler_options *options, hone_sampler **sampler, hone_error *error);
void hone_sampler_destroy(hone_sampler *sampler);

/* Chooses a token by its `logits`, of which there are `vocabulary`. `history`, the tokens so far, serves the repeat
 * penalty; it may be null and 0. Logits that are all no numbers give HONE_BAD_LIBRARY. */
hone_status hone_sampler_sample(hone_sampler *sampler, const float *logits, size_t vocabulary, const int32_t *history,
                                size_t history_count, int32_t *token, hone_error *error);

/* Called for each token as soon as it is chosen. `text` is what it completes, valid UTF-8 with a NUL after its `bytes`
 * bytes; it is empty while a character or a possible stop string is unfinished, and for models without a tokenizer. At
 * the end it may be called once more with the token -1 and the text that was held back. Anything but 0 stops. It must
 * not call into the same session, except to cancel. */
typedef int (*hone_text_callback)(void *context, int32_t token, const char *text, size_t bytes);

typedef struct hone_generate_options {
  size_t size;          /* sizeof(hone_generate_options) */
  uint64_t max_tokens;  /* 0: until the model ends or the context is full */
  hone_sampler *sampler; /* null: the largest logit wins */
  const char *const *stops; /* texts before which the answer ends; null if stop_count is 0 */
  size_t stop_count;
  hone_text_callback callback; /* null: none */
  void *context;               /* handed to the callback */
} hone_generate_options;

/* Why a generation ended. */
typedef int32_t hone_end;
enum {
  HONE_END_MODEL = 0,       /* the model chose a token that ends its answer; it is not counted */
  HONE_END_STOP_STRING = 1, /* a stop string came */
  HONE_END_MAX_TOKENS = 2,
  HONE_END_CONTEXT_FULL = 3,
  HONE_END_CALLBACK = 4, /* the callback asked for it */
  HONE_END_CANCELLED = 5
};

typedef struct hone_generate_result {
  size_t size;     /* set by the caller: sizeof(hone_generate_result) */
  uint64_t tokens; /* how many were generated */
  hone_end end;
} hone_generate_result;

/* Appends `count` tokens, at least one, to a sequence and generates until something ends it. `options` and `result` may
 * be null. Afterwards the sequence holds a beginning of what it held, those tokens and the generated ones;
 * hone_sequence_length says how long: as a rule all but the last one. Cancellation returns HONE_CANCELLED and fills
 * `result` all the same. */
hone_status hone_generate(hone_session *session, int32_t sequence, const int32_t *tokens, size_t count,
                          const hone_generate_options *options, hone_generate_result *result, hone_error *error);

/* What hone_model_open asks a library for; not for programs. */
struct hone_library;
const struct hone_library *hone_library_description(void);

#ifdef __cplusplus
}
#endif

#endif /* HONE_RT_HONE_H */
