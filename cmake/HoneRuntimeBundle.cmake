# What hone carries to link programs without a compiler on the user's machine: start files, static libraries, stubs of
# the C library, and the runtime itself. `inputs.txt` lists, in order, what the packager links after the model:
#   runtime FILE   the runtime: all of it in a shared library, what is used in a program
#   archive FILE   a static library
#   shared FILE    a stub of a shared library, needed at run time only if used
#   loader FILE    a stub of the dynamic loader, for shared libraries alone: programs reach thread-local variables without it
#   export NAME    a function that a shared library exports
include_guard(GLOBAL)
set(HONE_STUB_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/HoneStubLibrary.cmake CACHE INTERNAL "")

# Sets `variable` to the path of a file that the compiler links programs with.
function(hone_find_link_file variable name)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} --print-file-name=${name} OUTPUT_VARIABLE path
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  if(NOT IS_ABSOLUTE "${path}" OR NOT EXISTS "${path}")
    message(FATAL_ERROR "expected '${name}' among the libraries of ${CMAKE_CXX_COMPILER}, got none; install the "
                        "development files of the C and C++ libraries (libc6-dev, libstdc++-dev)")
  endif()
  file(REAL_PATH "${path}" path)
  set(${variable} ${path} PARENT_SCOPE)
endfunction()

# hone_bundled_library(variable target): the target to carry for `target`. With sanitizers on, programs must still be free
# of them, so the sources are compiled once more.
function(hone_bundled_library variable target)
  set(carried ${target})
  if(HONE_SANITIZE)
    set(carried ${target}Bundled)
    if(NOT TARGET ${carried})
      get_target_property(sources ${target} SOURCES)
      get_target_property(folder ${target} SOURCE_DIR)
      list(TRANSFORM sources PREPEND ${folder}/ REGEX "^[^/]")
      add_library(${carried} STATIC ${sources})
      target_include_directories(${carried} PRIVATE $<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>)
      target_compile_definitions(${carried} PRIVATE $<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>)
      target_compile_options(${carried} PRIVATE $<TARGET_PROPERTY:${target},COMPILE_OPTIONS> -fno-sanitize=all)
    endif()
  endif()
  target_compile_options(${carried} PRIVATE -ffunction-sections -fdata-sections)
  set(${variable} ${carried} PARENT_SCOPE)
endfunction()

# hone_add_runtime_bundle(TARGET DIRECTORY RUNTIME target [ARCHIVES targets...] [SYSTEM names...] [API headers...])
# fills DIRECTORY. SYSTEM names static libraries of the machine, such as libpcre2-8.a. Every function that a header of
# API declares as `hone_...(` is exported by shared libraries.
function(hone_add_runtime_bundle name directory)
  cmake_parse_arguments(ARG "" "RUNTIME" "ARCHIVES;SYSTEM;API" ${ARGN})
  file(MAKE_DIRECTORY ${directory})
  set(outputs "")
  set(inputs "")

  set(copies Scrt1.o crti.o crtbeginS.o crtendS.o crtn.o ${ARG_SYSTEM} libstdc++.a libgcc.a libgcc_eh.a
             libc_nonshared.a)
  foreach(file IN LISTS copies)
    hone_find_link_file(path ${file})
    add_custom_command(OUTPUT ${directory}/${file} DEPENDS ${path}
                       COMMAND ${CMAKE_COMMAND} -E copy ${path} ${directory}/${file})
    list(APPEND outputs ${directory}/${file})
  endforeach()

  if(ARG_RUNTIME)
    hone_bundled_library(runtime ${ARG_RUNTIME})
  endif()
  set(carried ${runtime})
  foreach(target IN LISTS ARG_ARCHIVES ITEMS HoneUnwind)
    hone_bundled_library(archive ${target})
    list(APPEND carried ${archive})
  endforeach()
  foreach(target IN LISTS carried)
    set(file lib${target}.a)
    add_custom_command(OUTPUT ${directory}/${file} DEPENDS ${target}
                       COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:${target}> ${directory}/${file})
    list(APPEND outputs ${directory}/${file})
    if(target STREQUAL "${runtime}")
      string(APPEND inputs "runtime ${file}\n")
    else()
      string(APPEND inputs "archive ${file}\n")
    endif()
  endforeach()
  foreach(file IN LISTS ARG_SYSTEM ITEMS libstdc++.a libgcc.a libgcc_eh.a libc_nonshared.a)
    string(APPEND inputs "archive ${file}\n")
  endforeach()

  foreach(file libc.so.6 libm.so.6 ld-linux-x86-64.so.2)
    hone_find_link_file(path ${file})
    add_custom_command(
      OUTPUT ${directory}/${file} DEPENDS ${path} ${HONE_STUB_SCRIPT}
      COMMAND ${CMAKE_COMMAND} -DLIBRARY=${path} -DSTUB=${directory}/${file} -DTOOLS=${LLVM_TOOLS_BINARY_DIR}
              -P ${HONE_STUB_SCRIPT}
      COMMENT "Making a stub of ${file}")
    list(APPEND outputs ${directory}/${file})
    if(file MATCHES "^ld-")
      string(APPEND inputs "loader ${file}\n")
    else()
      string(APPEND inputs "shared ${file}\n")
    endif()
  endforeach()

  foreach(header IN LISTS ARG_API)
    if(NOT EXISTS ${header})
      continue()
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
    file(STRINGS ${header} lines REGEX "^[A-Za-z_].*[ *]hone_[a-z0-9_]+\\(")
    foreach(line IN LISTS lines)
      string(REGEX MATCH "(hone_[a-z0-9_]+)\\(" call "${line}")
      string(APPEND inputs "export ${CMAKE_MATCH_1}\n")
    endforeach()
  endforeach()
  file(CONFIGURE OUTPUT ${directory}/inputs.txt CONTENT "${inputs}" @ONLY)
  add_custom_target(${name} ALL DEPENDS ${outputs})
endfunction()
