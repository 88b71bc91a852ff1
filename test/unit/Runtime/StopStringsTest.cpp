//===- StopStringsTest.cpp - Stop strings in streamed text ----------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StopStrings.h"

#include <gtest/gtest.h>

using namespace hone::rt;

/// Feeds `text` in pieces of `size` bytes.
static std::string filtered(std::vector<std::string> stops, const std::string &text, size_t size) {
  StopStrings filter(std::move(stops));
  std::string out;
  for (size_t i = 0; i < text.size() && !filter.found(); i += size)
    out += filter.push(std::string_view(text).substr(i, size));
  return out + filter.finish();
}

TEST(StopStringsTest, TextEndsBeforeTheFirstStopHoweverItIsCut) {
  for (size_t size = 1; size < 12; ++size) {
    EXPECT_EQ(filtered({"END"}, "one END two", size), "one ") << size;
    EXPECT_EQ(filtered({"END"}, "one EN two", size), "one EN two") << size;
    EXPECT_EQ(filtered({"END"}, "one EN", size), "one EN") << size;
    EXPECT_EQ(filtered({"aab"}, "aaaab!", size), "aa") << size;
    EXPECT_EQ(filtered({"xyz", "y"}, "wxyz", size), "wx") << size;
    EXPECT_EQ(filtered({"z", "xyz"}, "wxyz", size), "w") << size;
    EXPECT_EQ(filtered({""}, "text", size), "text") << size;
    EXPECT_EQ(filtered({}, "text", size), "text") << size;
  }
}

TEST(StopStringsTest, OnlyWhatMayBeginAStopIsHeldBack) {
  StopStrings filter({"\n\n", "User:"});
  EXPECT_EQ(filter.push("Hello Us"), "Hello ");
  EXPECT_EQ(filter.push("able\n"), "Usable");
  EXPECT_EQ(filter.push("x"), "\nx");
  EXPECT_EQ(filter.push("Use"), "");
  EXPECT_EQ(filter.push("r: no"), "");
  EXPECT_TRUE(filter.found());
  EXPECT_EQ(filter.push("more"), "");
}
