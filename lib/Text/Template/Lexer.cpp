//===- Lexer.cpp - Splits a template into tokens --------------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lexer.h"

#include "../Unicode.h"

#include <cstring>

using namespace hone;
using namespace hone::text;
using namespace hone::text::jinja;

Error hone::text::jinja::errorAt(uint32_t line, const std::string &what) {
  return Error("template line " + std::to_string(line) + ": " + what);
}

namespace {
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isNamePart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || isDigit(c) || uint8_t(c) >= 0x80;
}
bool isSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// As Jinja does: every line end is \n, and one at the end of the template is dropped.
std::string normalizeNewlines(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r')
      text += source[i];
    else if (i + 1 == source.size() || source[i + 1] != '\n')
      text += '\n';
  }
  if (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

class Lexer {
public:
  explicit Lexer(std::string_view source) : text(normalizeNewlines(source)) {}

  Result<std::vector<Token>> run() {
    while (at < text.size() && !error)
      readData();
    if (error)
      return std::move(*error);
    tokens.push_back({Token::End, line, "end of template"});
    return std::move(tokens);
  }

private:
  void fail(const std::string &what) {
    if (!error)
      error = errorAt(line, what);
  }

  bool startsWith(std::string_view prefix) const { return text.compare(at, prefix.size(), prefix) == 0; }

  void advance(size_t to) {
    for (; at < to; ++at)
      line += text[at] == '\n';
  }

  void push(Token::Kind kind, std::string content) { tokens.push_back({kind, line, std::move(content)}); }

  /// Skips white space as Python's \s: what '-' removes after a tag.
  void skipAllSpace() {
    while (at < text.size()) {
      CodePoint point = decodeUTF8(std::string_view(text).substr(at));
      if (!isPythonSpace(point.value))
        break;
      advance(at + point.length);
    }
  }

  /// Text up to the next tag, then the tag.
  void readData() {
    size_t open = at;
    do
      open = text.find('{', open);
    while (open != std::string::npos && (open + 1 == text.size() || !std::strchr("{%#", text[open + 1])) && ++open);
    if (open == std::string::npos) {
      push(Token::Data, text.substr(at));
      advance(text.size());
      return;
    }
    std::string data = text.substr(at, open - at);
    char kind = text[open + 1], sign = open + 2 < text.size() ? text[open + 2] : 0;
    bool startsLine = at == 0 || text[at - 1] == '\n';
    if (sign == '-') {
      trimEnd(data);
    } else if (sign != '+' && kind != '{') {
      size_t begin = data.rfind('\n') + 1;
      if ((begin > 0 || startsLine) && isBlank(data, begin))
        data.resize(begin);
    }
    if (!data.empty())
      push(Token::Data, std::move(data));
    advance(open + 2 + (sign == '-' || sign == '+'));
    if (kind == '#')
      skipComment();
    else if (kind == '{')
      readTag(Token::VariableBegin, Token::VariableEnd, "}}");
    else if (!readRaw())
      readTag(Token::BlockBegin, Token::BlockEnd, "%}");
  }

  static bool isBlank(const std::string &data, size_t from) {
    std::string_view rest = std::string_view(data).substr(from);
    while (!rest.empty()) {
      CodePoint point = decodeUTF8(rest);
      if (!isPythonSpace(point.value))
        return false;
      rest.remove_prefix(point.length);
    }
    return true;
  }

  static void trimEnd(std::string &data) {
    size_t end = 0;
    for (size_t i = 0; i < data.size();) {
      CodePoint point = decodeUTF8(std::string_view(data).substr(i));
      i += point.length;
      if (!isPythonSpace(point.value))
        end = i;
    }
    data.resize(end);
  }

  /// Steps over the end of a tag at `close`: "-" before it removes all white space after it, none but "+" the line
  /// end (of blocks and comments).
  void finishTag(size_t close, bool block) {
    char sign = close > 0 && close > at ? text[close - 1] : 0;
    advance(close + 2);
    if (sign == '-')
      skipAllSpace();
    else if (block && sign != '+' && at < text.size() && text[at] == '\n')
      advance(at + 1);
  }

  void skipComment() {
    size_t close = text.find("#}", at);
    if (close == std::string::npos)
      return fail("expected '#}' to end the comment, got the end of the template");
    finishTag(close, /*block=*/true);
  }

  bool readRaw() {
    size_t i = at;
    auto skipSpace = [&] {
      while (i < text.size() && isSpace(text[i]))
        ++i;
    };
    skipSpace();
    if (text.compare(i, 3, "raw") != 0)
      return false;
    i += 3;
    skipSpace();
    bool strip = i < text.size() && text[i] == '-';
    i += strip;
    if (text.compare(i, 2, "%}") != 0)
      return false;
    advance(i + 2);
    if (strip)
      skipAllSpace();
    for (size_t open = text.find("{%", at); open != std::string::npos; open = text.find("{%", open + 1)) {
      i = open + 2;
      char sign = i < text.size() ? text[i] : 0;
      i += sign == '-' || sign == '+';
      skipSpace();
      if (text.compare(i, 6, "endraw") != 0)
        continue;
      i += 6;
      skipSpace();
      size_t close = i + (i < text.size() && (text[i] == '-' || text[i] == '+'));
      if (text.compare(close, 2, "%}") != 0)
        continue;
      std::string data = text.substr(at, open - at);
      size_t begin = data.rfind('\n') + 1;
      if (sign == '-')
        trimEnd(data);
      else if (sign != '+' && begin > 0 && isBlank(data, begin))
        data.resize(begin);
      push(Token::Data, std::move(data));
      advance(i);
      finishTag(close, /*block=*/true);
      return true;
    }
    fail("expected '{% endraw %}', got the end of the template");
    return true;
  }

  void readTag(Token::Kind begin, Token::Kind end, std::string_view close) {
    push(begin, "");
    std::string brackets;
    while (!error) {
      if (at >= text.size())
        return fail("expected '" + std::string(close) + "' to end the tag, got the end of the template");
      bool signedEnd = (text[at] == '-' || (text[at] == '+' && begin == Token::BlockBegin)) &&
                       text.compare(at + 1, close.size(), close) == 0;
      if (brackets.empty() && (signedEnd || startsWith(close))) {
        push(end, std::string(close));
        return finishTag(at + signedEnd, begin == Token::BlockBegin);
      }
      if (isSpace(text[at]))
        advance(at + 1);
      else if (isDigit(text[at]))
        readNumber();
      else if (isNamePart(text[at]))
        readName();
      else if (text[at] == '\'' || text[at] == '"')
        readString();
      else
        readOperator(brackets);
    }
  }

  void readName() {
    size_t end = at;
    while (end < text.size() && isNamePart(text[end]))
      ++end;
    push(Token::Name, text.substr(at, end - at));
    advance(end);
  }

  void readNumber() {
    std::string digits;
    size_t end = at;
    auto readDigits = [&] {
      for (; end < text.size() && (isDigit(text[end]) || text[end] == '_'); ++end)
        if (text[end] != '_')
          digits += text[end];
    };
    readDigits();
    bool fraction = false;
    bool afterDot = !tokens.empty() && tokens.back().is(Token::Operator, ".");
    if (!afterDot && end + 1 < text.size() && text[end] == '.' && isDigit(text[end + 1])) {
      digits += text[end++];
      readDigits();
      fraction = true;
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      size_t first = end + 1 + (end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-'));
      if (first < text.size() && isDigit(text[first])) {
        digits += text.substr(end, first - end);
        end = first;
        readDigits();
        fraction = true;
      }
    }
    if (end < text.size() && isNamePart(text[end]))
      return fail("expected a decimal number, got '" + text.substr(at, end + 1 - at) + "'");
    push(fraction ? Token::Float : Token::Integer, std::move(digits));
    advance(end);
  }

  void readString() {
    char quote = text[at];
    std::string content;
    size_t i = at + 1;
    for (; i < text.size() && text[i] != quote; ++i) {
      if (text[i] != '\\' || i + 1 == text.size()) {
        content += text[i];
        continue;
      }
      ++i;
      const char *plain = "n\nt\tr\r\\\\'\'\"\"a\ab\bf\fv\v";
      const char *known = plain;
      while (*known && *known != text[i])
        known += 2;
      if (*known)
        content += known[1];
      else if (text[i] == 'x' || text[i] == 'u' || text[i] == 'U')
        i = readHex(i, text[i] == 'x' ? 2 : text[i] == 'u' ? 4 : 8, content);
      else if (text[i] >= '0' && text[i] <= '7')
        i = readOctal(i, content);
      else if (text[i] != '\n')
        content += {'\\', text[i]};
      if (error)
        return;
    }
    if (i >= text.size())
      return fail(std::string("expected ") + quote + " to end the string, got the end of the template");
    push(Token::String, std::move(content));
    advance(i + 1);
  }

  size_t readHex(size_t letter, int digits, std::string &content) {
    uint32_t value = 0;
    for (int i = 1; i <= digits; ++i) {
      char c = letter + i < text.size() ? text[letter + i] : 0;
      int digit = isDigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) {
        fail("expected " + std::to_string(digits) + " hexadecimal digits after '\\" + text[letter] + "'");
        return letter;
      }
      value = value << 4 | uint32_t(digit);
    }
    appendUTF8(content, value);
    return letter + digits;
  }

  size_t readOctal(size_t first, std::string &content) {
    uint32_t value = 0;
    size_t i = first;
    for (; i < first + 3 && i < text.size() && text[i] >= '0' && text[i] <= '7'; ++i)
      value = value << 3 | uint32_t(text[i] - '0');
    appendUTF8(content, value);
    return i - 1;
  }

  void readOperator(std::string &brackets) {
    static constexpr std::string_view operators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                     "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                     ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};
    for (std::string_view op : operators) {
      if (!startsWith(op))
        continue;
      if (op == "(" || op == "[" || op == "{")
        brackets += op[0] == '(' ? ')' : char(op[0] + 2);
      if (op == ")" || op == "]" || op == "}") {
        if (brackets.empty() || brackets.back() != op[0])
          return fail("expected " + (brackets.empty() ? std::string("no bracket") : std::string(1, brackets.back())) +
                      ", got '" + std::string(op) + "'");
        brackets.pop_back();
      }
      push(Token::Operator, std::string(op));
      return advance(at + op.size());
    }
    fail(std::string("unknown character '") + text[at] + "'");
  }

  std::string text;
  size_t at = 0;
  uint32_t line = 1;
  std::vector<Token> tokens;
  std::optional<Error> error;
};
} // namespace

Result<std::vector<Token>> hone::text::jinja::tokenize(std::string_view source) { return Lexer(source).run(); }
