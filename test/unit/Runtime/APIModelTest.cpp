//===- APIModelTest.cpp - The C API: models and text ----------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "APITesting.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <unistd.h>

using namespace hone::test;

namespace {

const std::string foreign = ": expected a library made by 'hone compile --emit=shared', got ";

/// The stub model with a tokenizer, from its library.
class APIModelTest : public APITest {
protected:
  void SetUp() override { HONE_ASSERT_OK(hone_model_open(HONE_STUB_LIBRARY, &model, &error)); }

  std::vector<int32_t> tokenize(const std::string &text, uint32_t flags = 0) {
    size_t count = 0;
    HONE_EXPECT_OK(hone_tokenize(model, text.data(), text.size(), flags, nullptr, 0, &count, &error));
    std::vector<int32_t> tokens(count);
    HONE_EXPECT_OK(hone_tokenize(model, text.data(), text.size(), flags, tokens.data(), count, &count, &error));
    return tokens;
  }
};

std::vector<char> readFile(const char *path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A file with these bytes, gone at the end.
struct TemporaryFile {
  explicit TemporaryFile(const std::vector<char> &bytes) {
    EXPECT_GE(::close(::mkstemp(path)), 0);
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { ::unlink(path); }
  char path[32] = "/tmp/hone-api-test.XXXXXX";
};

} // namespace

TEST(APIOpenTest, FilesThatAreNoLibraries) {
  hone_error error;
  hone_model *model = nullptr;
  auto open = [&](const char *path) { return hone_model_open(path, &model, &error); };
  HONE_EXPECT_FAILURE(open("missing/libmodel.so"),
                      "HONE_NOT_FOUND: missing/libmodel.so: cannot be opened: No such file or directory");
  HONE_EXPECT_FAILURE(open("/proc/self/status"),
                      "HONE_BAD_LIBRARY: /proc/self/status" + foreign + "a file that is not ELF");
  HONE_EXPECT_FAILURE(open("/"), "HONE_BAD_LIBRARY: /: expected a regular file, got a directory");
  HONE_EXPECT_FAILURE(open("/bin/true"),
                      "HONE_BAD_LIBRARY: /bin/true" + foreign + "an ELF file without the note of hone");
  HONE_EXPECT_FAILURE(open(HONE_STUB_PROGRAM),
                      "HONE_BAD_LIBRARY: " HONE_STUB_PROGRAM
                      ": expected a library, got a program; compile the model with '--emit=shared'");
  HONE_EXPECT_FAILURE(open(HONE_OTHER_ABI), "HONE_BAD_LIBRARY: " HONE_OTHER_ABI ": expected module ABI " +
                                                std::to_string(HONE_ABI_VERSION) +
                                                ", got 99; compile the model again with this version of hone");
  HONE_EXPECT_FAILURE(open(HONE_OTHER_VERSION),
                      std::string("HONE_BAD_LIBRARY: " HONE_OTHER_VERSION ": expected a library of hone ") +
                          hone_version() +
                          ", got one of hone 0.0.7; compile the model again with this "
                          "version of hone");
  EXPECT_EQ(model, nullptr);
  HONE_EXPECT_FAILURE(hone_model_open(nullptr, nullptr, &error),
                      "HONE_INVALID_ARGUMENT: expected a place for the model, got a null pointer");
  EXPECT_EQ(hone_model_open("missing", &model, nullptr), HONE_NOT_FOUND) << "an error is not asked for";
}

// Cut anywhere, a library is refused before anything of it runs.
TEST(APIOpenTest, LibrariesThatAreCutShort) {
  std::vector<char> whole = readFile(HONE_STUB_LIBRARY);
  Elf64_Ehdr header;
  std::memcpy(&header, whole.data(), sizeof header);
  size_t loaded = 0; // What follows, such as section headers, is for tools: a file without it is complete.
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, &whole[header.e_phoff + i * sizeof segment], sizeof segment);
    loaded = std::max<size_t>(loaded, segment.p_type == PT_LOAD ? segment.p_offset + segment.p_filesz : 0);
  }
  hone_error error;
  hone_model *model = nullptr;
  for (size_t length : {size_t(0), size_t(10), size_t(64), size_t(200), loaded / 2, loaded - 1}) {
    TemporaryFile cut({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
    EXPECT_EQ(hone_model_open(cut.path, &model, &error), HONE_BAD_LIBRARY) << length;
    EXPECT_EQ(std::string(error.message).find(cut.path), 0u) << error.message;
    EXPECT_TRUE(length < loaded / 2 ||
                std::string(error.message).find("cut short: expected at least") != std::string::npos)
        << error.message;
  }
  EXPECT_EQ(model, nullptr);
}

TEST(APIOpenTest, ModelsOfSeveralLibrariesComputeSideBySide) {
  hone_error error;
  hone_model *own = nullptr, *other = nullptr;
  HONE_ASSERT_OK(hone_model_open(nullptr, &own, &error));
  HONE_ASSERT_OK(hone_model_open(HONE_STUB_LIBRARY, &other, &error));
  std::vector<float> logits[2];
  for (hone_model *model : {own, other}) {
    hone_session *session = nullptr;
    HONE_ASSERT_OK(hone_session_open(model, nullptr, &session, &error));
    hone_model_close(model); // The session keeps it.
    int32_t sequence;
    HONE_ASSERT_OK(hone_sequence_open(session, &sequence, &error));
    std::vector<hone_row> rows(40, hone_row{sequence, 'a', HONE_NEXT_POSITION, 0});
    rows.back().wants_logits = 1;
    std::vector<float> &out = logits[model == other];
    out.resize(stub_vocabulary);
    HONE_EXPECT_OK(hone_session_step(session, rows.data(), rows.size(), out.data(), 1, &error));
    hone_session_close(session);
  }
  EXPECT_EQ(logits[0], logits[1]);
}

TEST_F(APIModelTest, Info) {
  hone_model_info info = {};
  info.size = sizeof info;
  HONE_ASSERT_OK(hone_model_get_info(model, &info, &error));
  EXPECT_STREQ(info.name, "Stub \"quoted\"");
  EXPECT_STREQ(info.architecture, "stub");
  EXPECT_EQ(info.vocabulary, uint32_t(stub_vocabulary));
  EXPECT_EQ(info.context_length, uint32_t(stub_context));
  EXPECT_EQ(info.max_rows, uint32_t(stub_max_rows));
  EXPECT_EQ(info.page_positions, uint32_t(stub_page_positions));
  EXPECT_EQ(info.weight_bytes, 4096u);
  EXPECT_EQ(info.bos_token, -1);
  EXPECT_EQ(info.eos_token, stub_im_end);
  EXPECT_EQ(info.has_tokenizer, 1);
  EXPECT_EQ(info.has_chat_template, 1);
  EXPECT_TRUE(hone_is_end_token(model, stub_im_end));
  EXPECT_FALSE(hone_is_end_token(model, 'a'));
  EXPECT_EQ(hone_api_version(), uint32_t(HONE_API_VERSION));
  EXPECT_STREQ(hone_status_name(HONE_BUSY), "HONE_BUSY");
  EXPECT_STREQ(hone_status_name(static_cast<hone_status>(99)), "unknown status");
}

// A program that was compiled when the structures were smaller, or with some that are larger.
TEST_F(APIModelTest, StructuresOfOtherSizes) {
  hone_model_info info = {};
  info.size = offsetof(hone_model_info, parameters);
  info.parameters = 7;
  HONE_ASSERT_OK(hone_model_get_info(model, &info, &error));
  EXPECT_STREQ(info.architecture, "stub");
  EXPECT_EQ(info.parameters, 7u) << "not written";
  info.size = 0;
  HONE_EXPECT_FAILURE(hone_model_get_info(model, &info, &error),
                      "HONE_INVALID_ARGUMENT: info: expected 'size' set to sizeof");
  struct {
    hone_session_options known;
    uint64_t added;
  } larger = {};
  larger.known.size = sizeof larger;
  HONE_EXPECT_OK(hone_session_open(model, &larger.known, &session, &error));
  hone_session_close(session);
  larger.added = 1;
  HONE_EXPECT_FAILURE(
      hone_session_open(model, &larger.known, &session, &error),
      "HONE_INVALID_ARGUMENT: options: expected 'size' set to sizeof, and 0 in fields that this library "
      "does not know");
  larger.known.size = 0;
  EXPECT_EQ(hone_session_open(model, &larger.known, &session, &error), HONE_INVALID_ARGUMENT);
}

TEST_F(APIModelTest, Tokenize) {
  EXPECT_EQ(tokenize("ab"), (std::vector<int32_t>{'a', 'b'}));
  EXPECT_EQ(tokenize(""), std::vector<int32_t>());
  EXPECT_EQ(tokenize("<|im_end|>", HONE_TOKENIZE_SPECIAL | HONE_TOKENIZE_BOS), std::vector<int32_t>{stub_im_end});
  EXPECT_EQ(tokenize("<|im_end|>").size(), 10u);

  int32_t tokens[2] = {-5, -5};
  size_t count = 0;
  HONE_EXPECT_FAILURE(hone_tokenize(model, "abc", 3, 0, tokens, 2, &count, &error),
                      "HONE_BUFFER_TOO_SMALL: expected room for 3 tokens, got it for 2");
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(tokens[0], -5);
  HONE_EXPECT_FAILURE(hone_tokenize(model, "abc", 3, 8, tokens, 2, &count, &error),
                      "HONE_INVALID_ARGUMENT: expected flags HONE_TOKENIZE_*, got 0x8");
  HONE_EXPECT_FAILURE(hone_tokenize(nullptr, "abc", 3, 0, tokens, 2, &count, &error),
                      "HONE_INVALID_ARGUMENT: expected a model, got a null pointer");
  HONE_EXPECT_FAILURE(
      hone_tokenize(model, nullptr, 3, 0, tokens, 2, &count, &error),
      "HONE_INVALID_ARGUMENT: expected a text, room for tokens and a place for their number, got a null "
      "pointer");
}

TEST_F(APIModelTest, Detokenize) {
  const int32_t tokens[] = {'h', 'i', stub_im_end, 0xc3};
  char text[4] = "xyz";
  size_t bytes = 0;
  HONE_EXPECT_OK(hone_detokenize(model, tokens, 4, nullptr, 0, &bytes, &error));
  EXPECT_EQ(bytes, 3u);
  HONE_EXPECT_FAILURE(hone_detokenize(model, tokens, 4, text, 3, &bytes, &error),
                      "HONE_BUFFER_TOO_SMALL: expected room for 4 bytes, got it for 3");
  EXPECT_STREQ(text, "xyz");
  HONE_EXPECT_OK(hone_detokenize(model, tokens, 4, text, 4, &bytes, &error));
  EXPECT_STREQ(text, "hi\xc3");
  const int32_t bad = -1;
  HONE_EXPECT_FAILURE(hone_detokenize(model, &bad, 1, text, 4, &bytes, &error),
                      "HONE_BAD_TOKEN: expected a token below 258, the size of the vocabulary, got -1");
}

TEST_F(APIModelTest, ChatTemplate) {
  const hone_message messages[] = {{"system", "Be brief."}, {"user", "Hi"}};
  size_t bytes = 0;
  HONE_ASSERT_OK(hone_apply_chat_template(model, messages, 2, 1, nullptr, 0, &bytes, &error));
  std::string text(bytes + 1, 'x');
  HONE_ASSERT_OK(hone_apply_chat_template(model, messages, 2, 1, text.data(), text.size(), &bytes, &error));
  text.resize(bytes);
  EXPECT_EQ(text, "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  HONE_ASSERT_OK(hone_apply_chat_template(model, messages + 1, 1, 0, text.data(), text.size(), &bytes, &error));
  EXPECT_STREQ(text.c_str(), "<|im_start|>user\nHi<|im_end|>\n");
  const hone_message bad = {"user", nullptr};
  HONE_EXPECT_FAILURE(hone_apply_chat_template(model, &bad, 1, 1, nullptr, 0, &bytes, &error),
                      "HONE_INVALID_ARGUMENT: expected a role and a content in each message, got a null pointer");
}

TEST_F(APITest, AModelWithoutATokenizerTakesNoText) {
  openSession();
  size_t count = 0;
  const std::string message = "HONE_UNSUPPORTED: this model has no tokenizer, so it takes token ids alone; compile it "
                              "from a file that has one";
  HONE_EXPECT_FAILURE(hone_tokenize(model, "a", 1, 0, nullptr, 0, &count, &error), message);
  HONE_EXPECT_FAILURE(hone_detokenize(model, nullptr, 0, nullptr, 0, &count, &error), message);
  HONE_EXPECT_FAILURE(hone_apply_chat_template(model, nullptr, 0, 1, nullptr, 0, &count, &error), message);
  EXPECT_FALSE(hone_is_end_token(model, stub_im_end));
  hone_model_info info = {};
  info.size = sizeof info;
  HONE_EXPECT_OK(hone_model_get_info(model, &info, &error));
  EXPECT_EQ(info.has_tokenizer, 0);
  EXPECT_EQ(info.eos_token, -1);
}
