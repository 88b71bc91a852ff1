# MLIR and LLVM 22 as packaged; linked as shared libraries for a fast relink (see docs/dependencies.md).
set(MLIR_DIR /usr/lib/llvm-22/lib/cmake/mlir CACHE PATH "Where MLIRConfig.cmake lies")
set(HONE_MLIR_VERSION 22.1)
find_package(MLIR ${HONE_MLIR_VERSION} REQUIRED CONFIG)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
link_directories(${LLVM_LIBRARY_DIR})
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON) # installed tools find the packaged libraries too
add_definitions(${LLVM_DEFINITIONS})

# The headers of MLIR take most of the time of most files. A build of everything is faster where they are parsed once; then
# it does not show that a file lacks an include. ccache takes part with the CCACHE_SLOPPINESS of scripts/environment.sh.
option(HONE_PRECOMPILE_HEADERS "Parse the headers of MLIR once for all libraries" OFF)
if(HONE_PRECOMPILE_HEADERS)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/HoneMLIRHeaders.cpp CONTENT "// Headers alone.\n")
  add_library(HoneMLIRHeaders OBJECT ${CMAKE_BINARY_DIR}/HoneMLIRHeaders.cpp)
  target_compile_options(HoneMLIRHeaders PRIVATE -Xclang -fno-pch-timestamp)
  target_precompile_headers(HoneMLIRHeaders PRIVATE
    <mlir/Dialect/Arith/IR/Arith.h> <mlir/Dialect/Func/IR/FuncOps.h> <mlir/Dialect/LLVMIR/LLVMDialect.h>
    <mlir/Dialect/Linalg/IR/Linalg.h> <mlir/Dialect/MemRef/IR/MemRef.h> <mlir/Dialect/SCF/IR/SCF.h>
    <mlir/Dialect/Tensor/IR/Tensor.h> <mlir/Dialect/Vector/IR/VectorOps.h> <mlir/IR/PatternMatch.h>
    <mlir/Pass/Pass.h> <mlir/Pass/PassManager.h> <mlir/Transforms/DialectConversion.h>)
endif()

# hone_add_mlir_library(NAME SOURCES... [LINK targets...] [DEPENDS targets...]): as hone_add_library, on MLIR.
function(hone_add_mlir_library name)
  hone_add_library(${name} ${ARGN})
  target_link_libraries(${name} PUBLIC MLIR LLVM)
  add_dependencies(${name} hone-generated)
  if(HONE_PRECOMPILE_HEADERS)
    target_precompile_headers(${name} REUSE_FROM HoneMLIRHeaders)
  endif()
endfunction()
