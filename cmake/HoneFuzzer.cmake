# hone_add_fuzzer(NAME SOURCES...): a libFuzzer program of NAME.cpp and SOURCES, which it compiles itself to instrument them.
# Not part of `all`; absent where -fsanitize=fuzzer does not link.
include(CheckCXXSourceCompiles)

set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
check_cxx_source_compiles("
  #include <cstddef>
  #include <cstdint>
  extern \"C\" int LLVMFuzzerTestOneInput(const uint8_t *, size_t) { return 0; }" HONE_HAVE_LIBFUZZER)
unset(CMAKE_REQUIRED_FLAGS)

function(hone_add_fuzzer name)
  if(NOT HONE_HAVE_LIBFUZZER)
    return()
  endif()
  set(flags -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_executable(${name} EXCLUDE_FROM_ALL ${name}.cpp ${ARGN})
  target_compile_options(${name} PRIVATE ${flags} -O1)
  target_link_options(${name} PRIVATE ${flags})
endfunction()
