//===- CheckOps.h - The check dialect ---------------------------- -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DIALECTS_CHECK_CHECKOPS_H
#define HONE_DIALECTS_CHECK_CHECKOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "hone/dialects/Check/CheckDialect.h.inc"

#define GET_OP_CLASSES
#include "hone/dialects/Check/CheckOps.h.inc"

#endif // HONE_DIALECTS_CHECK_CHECKOPS_H
