//===- ProgramMain.cpp - The entry of every generated program -------------===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"

int main(int argumentCount, char **arguments) { return hone::rt::programMain(argumentCount, arguments); }
