//===- PassPlugin.h - What makes a library a plugin of passes -*- C++ -*-===//
//
// Part of hone, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HONE_DRIVER_PASSPLUGIN_H
#define HONE_DRIVER_PASSPLUGIN_H

#include "hone/Driver/Version.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"

#define HONE_PLUGIN_TEXT_OF(value) #value
#define HONE_PLUGIN_TEXT(value) HONE_PLUGIN_TEXT_OF(value)

/// What a plugin and the tool that loads it have in common. Neither hone nor MLIR keeps the layout of its classes from
/// one version to the next, so a tool refuses a plugin that was built for another one.
#define HONE_PLUGIN_BUILD                                                                                              \
  "hone " HONE_VERSION ", MLIR " HONE_PLUGIN_TEXT(LLVM_VERSION_MAJOR) "." HONE_PLUGIN_TEXT(LLVM_VERSION_MINOR)

/// Makes the library that this stands in a plugin for `--load-pass-plugin`, once per library and outside of namespaces.
/// NAME is a string; REGISTER_PASSES is called once, when the plugin has been loaded:
///
///   HONE_PASS_PLUGIN("DropBranches", [] { mlir::PassRegistration<DropBranchesPass>(); })
#define HONE_PASS_PLUGIN(NAME, REGISTER_PASSES)                                                                        \
  extern "C" {                                                                                                         \
  /* Read before any of the plugin's functions is called. */                                                           \
  LLVM_ATTRIBUTE_VISIBILITY_DEFAULT extern const char honePassPluginBuild[];                                           \
  const char honePassPluginBuild[] = HONE_PLUGIN_BUILD;                                                                \
  LLVM_ATTRIBUTE_VISIBILITY_DEFAULT ::mlir::PassPluginLibraryInfo mlirGetPassPluginInfo() {                            \
    return {MLIR_PLUGIN_API_VERSION, NAME, HONE_PLUGIN_BUILD, REGISTER_PASSES};                                        \
  }                                                                                                                    \
  }

#endif // HONE_DRIVER_PASSPLUGIN_H
