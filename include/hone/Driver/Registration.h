//===- Registration.h - Everything that hone registers --------*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DRIVER_REGISTRATION_H
#define HONE_DRIVER_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace hone {

/// The dialects of hone and those that its passes produce, with their interfaces.
void registerDialects(mlir::DialectRegistry &registry);

/// All passes of hone and its pipelines, and the upstream passes that are useful beside them. May be called again.
void registerPasses();

} // namespace hone

#endif // HONE_DRIVER_REGISTRATION_H
