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

# hone_add_mlir_library(NAME SOURCES... [LINK targets...] [DEPENDS targets...]): as hone_add_library, on MLIR.
function(hone_add_mlir_library name)
  hone_add_library(${name} ${ARGN})
  target_link_libraries(${name} PUBLIC MLIR LLVM)
  add_dependencies(${name} hone-generated)
endfunction()
