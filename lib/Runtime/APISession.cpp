//===- APISession.cpp - The C API: sessions, sequences, steps -------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "API.h"
#include "Format.h"
#include "Machine.h"

#include <algorithm>

using namespace hone;
using namespace hone::rt;

static constexpr uint32_t mostThreads = 1024, mostSequences = 65536;
/// Of all block tables together: 1 GiB of pointers.
static constexpr uint64_t mostTableEntries = UINT64_C(1) << 27;

hone_status SessionUse::enter(hone_error *error) {
  if (!session)
    return failNull(error, "a session");
  if (session->busy.exchange(true, std::memory_order_acquire))
    return fail(error, HONE_BUSY, "another call uses this session; a session is for one call at a time");
  entered = true;
  return HONE_OK;
}

hone_status rt::checkSequence(Session &session, int32_t sequence, hone_error *error) {
  if (session.memory().isOpen(sequence))
    return HONE_OK;
  return fail(error, HONE_BAD_SEQUENCE, format("expected an open sequence, got %d", sequence));
}

hone_status SessionUse::enter(int32_t sequence, hone_error *error) {
  hone_status status = enter(error);
  return status != HONE_OK ? status : checkSequence(*session->session, sequence, error);
}

/// "expected 'NAME' of at most MOST, got VALUE".
static hone_status checkLimit(const char *name, uint64_t value, uint64_t most, hone_error *error) {
  if (value <= most)
    return HONE_OK;
  return fail(error, HONE_INVALID_ARGUMENT,
              format("expected '%s' of at most %s, got %s", name, grouped(most).c_str(), grouped(value).c_str()));
}

static hone_status checkOptions(const hone_session_options &options, const hone_module &module, hone_error *error) {
  if (hone_status failed = checkLimit("threads", options.threads, mostThreads, error))
    return failed;
  if (hone_status failed = checkLimit("context", options.context, module.context_length, error))
    return failed;
  if (hone_status failed = checkLimit("sequences", options.sequences, mostSequences, error))
    return failed;
  if (hone_status failed = checkLimit("page_limit", options.page_limit, INT32_MAX, error))
    return failed;
  if (hone_status failed = checkLimit("huge_pages", options.huge_pages, 1, error))
    return failed;
  uint64_t context = options.context ? options.context : module.context_length;
  uint64_t sequencePages = (context + module.page_positions - 1) / module.page_positions;
  return checkLimit("sequences", options.sequences, mostTableEntries / sequencePages, error);
}

hone_status hone_session_open(hone_model *model, const hone_session_options *given, hone_session **session,
                              hone_error *error) {
  if (!model || !session)
    return failNull(error, "a model and a place for the session");
  *session = nullptr;
  hone_session_options options;
  if (!readOptions(given, options, error))
    return HONE_INVALID_ARGUMENT;
  const Model &opened = *model->compiled->model;
  if (hone_status failed = checkOptions(options, opened.module(), error))
    return failed;

  auto made = std::make_unique<hone_session>();
  made->compiled = model->compiled;
  int32_t cpus = usableCPUs();
  Result<std::unique_ptr<Workers>> workers =
      Workers::create(options.threads == 0 ? std::min<int32_t>(cpus, mostThreads) : options.threads, cpus);
  if (!workers)
    return fail(error, HONE_OUT_OF_MEMORY, workers.error().message());
  made->workers = std::move(*workers);
  SessionOptions sessionOptions;
  sessionOptions.context = options.context;
  sessionOptions.sequences = std::max(options.sequences, 1u);
  sessionOptions.pageLimit = options.page_limit;
  sessionOptions.rowsPerStep = options.step_rows;
  sessionOptions.hugePages = options.huge_pages != 0;
  Result<std::unique_ptr<Session>> created = Session::create(opened, *made->workers, sessionOptions);
  if (!created)
    return fail(error, HONE_OUT_OF_MEMORY, created.error().message());
  made->session = std::move(*created);
  made->before.resize(sessionOptions.sequences);
  made->next.resize(sessionOptions.sequences);
  populateWeights(opened.weightBytes(), *made->workers);
  *session = made.release();
  return succeed(error);
}

void hone_session_close(hone_session *session) { delete session; }

void hone_session_cancel(hone_session *session) {
  if (session)
    session->cancelled.store(true);
}

void hone_session_resume(hone_session *session) {
  if (session)
    session->cancelled.store(false);
}

hone_status hone_session_get_info(hone_session *session, hone_session_info *info, hone_error *error) {
  SessionUse use(session);
  if (hone_status failed = use.enter(error))
    return failed;
  const KVMemory &memory = session->session->memory();
  hone_session_info value = {};
  value.threads = static_cast<uint32_t>(session->workers->size());
  value.context = memory.shape().context;
  value.sequences = memory.shape().sequences;
  value.step_rows = session->session->rowsPerStep();
  value.page_limit = memory.shape().pageLimit;
  value.pages_in_use = memory.pagesInUse();
  return writeInfo(value, info, error);
}

hone_status hone_sequence_open(hone_session *session, int32_t *sequence, hone_error *error) {
  SessionUse use(session);
  if (hone_status failed = use.enter(error))
    return failed;
  if (!sequence)
    return failNull(error, "a place for the sequence");
  Result<int32_t> opened = session->session->memory().open();
  if (!opened)
    return fail(error, HONE_TOO_MANY_SEQUENCES, opened.error().message());
  *sequence = *opened;
  return succeed(error);
}

hone_status hone_sequence_fork(hone_session *session, int32_t sequence, int32_t *fork, hone_error *error) {
  SessionUse use(session);
  if (hone_status failed = use.enter(sequence, error))
    return failed;
  if (!fork)
    return failNull(error, "a place for the sequence");
  Result<int32_t> forked = session->session->memory().fork(sequence);
  if (!forked)
    return fail(error, HONE_TOO_MANY_SEQUENCES, forked.error().message());
  *fork = *forked;
  return succeed(error);
}

hone_status hone_sequence_trim(hone_session *session, int32_t sequence, uint32_t length, hone_error *error) {
  SessionUse use(session);
  if (hone_status failed = use.enter(sequence, error))
    return failed;
  int64_t present = session->session->memory().length(sequence);
  if (length > present)
    return fail(error, HONE_BAD_POSITION,
                format("expected at most %lld, the length of sequence %d, got %u", static_cast<long long>(present),
                       sequence, length));
  session->session->memory().trim(sequence, length);
  return succeed(error);
}

hone_status hone_sequence_length(hone_session *session, int32_t sequence, uint32_t *length, hone_error *error) {
  SessionUse use(session);
  if (hone_status failed = use.enter(sequence, error))
    return failed;
  if (!length)
    return failNull(error, "a place for the length");
  *length = static_cast<uint32_t>(session->session->memory().length(sequence));
  return succeed(error);
}

hone_status hone_sequence_close(hone_session *session, int32_t sequence, hone_error *error) {
  SessionUse use(session);
  if (hone_status failed = use.enter(sequence, error))
    return failed;
  session->session->memory().release(sequence);
  return succeed(error);
}

/// Checks all rows, puts them into `session.rows` and the lengths of their sequences into `session.before`, and counts
/// the logits that are wanted.
static hone_status checkRows(hone_session &session, const hone_row *rows, size_t count, size_t &wanted,
                             hone_error *error) {
  Session &steps = *session.session;
  const KVMemory &memory = steps.memory();
  session.rows.clear();
  wanted = 0;
  for (size_t i = 0; i < count; ++i) {
    if (hone_status failed = checkSequence(steps, rows[i].sequence, error))
      return failed;
    session.before[rows[i].sequence] = session.next[rows[i].sequence] = memory.length(rows[i].sequence);
  }
  for (size_t i = 0; i < count; ++i) {
    const hone_row &row = rows[i];
    int64_t position = session.next[row.sequence]++;
    if (hone_status failed = checkToken(steps.model(), row.token, error))
      return failed;
    if (row.position != HONE_NEXT_POSITION && row.position != position)
      return fail(error, HONE_BAD_POSITION,
                  format("row %zu: expected position %lld, where sequence %d goes on, got %d", i,
                         static_cast<long long>(position), row.sequence, row.position));
    if (position >= steps.context())
      return fail(error, HONE_CONTEXT_FULL,
                  format("row %zu: expected at most %s positions in a sequence, got one more for sequence %d", i,
                         grouped(steps.context()).c_str(), row.sequence));
    wanted += row.wants_logits != 0;
    session.rows.push_back({row.token, row.sequence, row.wants_logits != 0});
  }
  return HONE_OK;
}

hone_status hone_session_step(hone_session *session, const hone_row *rows, size_t count, float *logits,
                              size_t logit_rows, hone_error *error) {
  SessionUse use(session);
  if (hone_status failed = use.enter(error))
    return failed;
  if ((!rows && count != 0) || (!logits && logit_rows != 0))
    return failNull(error, "rows, and room for logits");
  size_t wanted;
  if (hone_status failed = checkRows(*session, rows, count, wanted, error))
    return failed;
  if (wanted > logit_rows)
    return fail(error, HONE_BUFFER_TOO_SMALL,
                format("expected room for the logits of %zu rows, got it for %zu", wanted, logit_rows));

  Session &steps = *session->session;
  auto undo = [&](hone_status status, const std::string &message) {
    for (const Row &row : session->rows)
      steps.memory().trim(row.sequence, session->before[row.sequence]);
    return fail(error, status, message);
  };
  for (size_t begin = 0; begin < count;) {
    if (session->cancelled.load(std::memory_order_relaxed))
      return undo(HONE_CANCELLED, "the step was cancelled");
    size_t end = std::min<size_t>(count, begin + steps.rowsPerStep());
    if (Status failed = steps.run(&session->rows[begin], static_cast<int64_t>(end - begin), logits))
      return undo(HONE_OUT_OF_MEMORY, failed->message());
    for (; begin < end; ++begin)
      if (session->rows[begin].logits)
        logits += steps.vocabulary();
  }
  return succeed(error);
}
