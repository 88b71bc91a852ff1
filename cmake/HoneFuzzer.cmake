# hone_add_fuzzer(NAME LINK libraries...): a libFuzzer program of NAME.cpp. LINK names libraries of hone, whose sources are
# compiled once more, for all fuzzers together, to instrument them. Not part of `all`; absent where -fsanitize=fuzzer does
# not link.
include_guard(GLOBAL)
include(CheckCXXSourceCompiles)

set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
check_cxx_source_compiles("
  #include <cstddef>
  #include <cstdint>
  extern \"C\" int LLVMFuzzerTestOneInput(const uint8_t *, size_t) { return 0; }" HONE_HAVE_LIBFUZZER)
unset(CMAKE_REQUIRED_FLAGS)

set(HONE_FUZZER_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1)

# Sets `variable` to the target of the instrumented sources of `library`.
function(hone_fuzzed_library variable library)
  set(fuzzed ${library}Fuzzed)
  set(${variable} ${fuzzed} PARENT_SCOPE)
  if(TARGET ${fuzzed})
    return()
  endif()
  get_target_property(sources ${library} SOURCES)
  get_target_property(folder ${library} SOURCE_DIR)
  list(TRANSFORM sources PREPEND ${folder}/ REGEX "^[^/]")
  add_library(${fuzzed} STATIC EXCLUDE_FROM_ALL ${sources})
  target_compile_options(${fuzzed} PRIVATE -fsanitize=fuzzer-no-link ${HONE_FUZZER_FLAGS})
endfunction()

function(hone_add_fuzzer name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  if(NOT HONE_HAVE_LIBFUZZER)
    return()
  endif()
  add_executable(${name} EXCLUDE_FROM_ALL ${name}.cpp)
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer ${HONE_FUZZER_FLAGS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer ${HONE_FUZZER_FLAGS})
  foreach(library IN LISTS ARG_LINK)
    hone_fuzzed_library(fuzzed ${library})
    target_link_libraries(${name} PRIVATE ${fuzzed})
  endforeach()
endfunction()
