//===- StopStrings.cpp - Stop strings in streamed text --------------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StopStrings.h"

#include <algorithm>

using namespace hone::rt;

StopStrings::StopStrings(std::vector<std::string> list) : stops(std::move(list)) {
  stops.erase(std::remove(stops.begin(), stops.end(), std::string()), stops.end());
}

std::string StopStrings::push(std::string_view text) {
  if (done)
    return {};
  held += text;
  // The one that is complete first, so that it does not matter how the text was cut; of those, the longest.
  size_t place = std::string::npos, end = std::string::npos;
  for (const std::string &stop : stops)
    if (size_t found = held.find(stop); found != std::string::npos)
      if (size_t foundEnd = found + stop.size(); foundEnd < end || (foundEnd == end && found < place)) {
        place = found;
        end = foundEnd;
      }
  if (place != std::string::npos) {
    done = true;
    std::string out = held.substr(0, place);
    held.clear();
    return out;
  }
  // The longest end of the text with which some stop string begins.
  size_t keep = 0;
  for (const std::string &stop : stops)
    for (size_t length = std::min(stop.size() - 1, held.size()); length > keep; --length)
      if (held.compare(held.size() - length, length, stop, 0, length) == 0)
        keep = length;
  std::string out = held.substr(0, held.size() - keep);
  held.erase(0, held.size() - keep);
  return out;
}

std::string StopStrings::finish() {
  std::string out;
  out.swap(held);
  return out;
}
