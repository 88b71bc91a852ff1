# Makes a stub of a shared library: its exported names with their default versions, and no code. Programs are linked
# against it, and at run time meet the real library. Run as a script:
#   cmake -DLIBRARY=libc.so.6 -DSTUB=out/libc.so.6 -DTOOLS=llvm/bin -P HoneStubLibrary.cmake
get_filename_component(soname ${LIBRARY} NAME)
execute_process(
  COMMAND ${TOOLS}/llvm-nm --dynamic --defined-only --print-size ${LIBRARY}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" symbols "${symbols}")

set(assembly "")
set(versions "")
foreach(symbol IN LISTS symbols)
  # address size type name@@version; names of one '@' are for old programs only, GLIBC_PRIVATE is not for programs.
  if(NOT symbol MATCHES "^[0-9a-f]+ +([0-9a-f]+) +([BDRTVWi]) +([A-Za-z0-9_]+)@@([A-Z0-9_.]+)$")
    continue()
  endif()
  set(size 0x${CMAKE_MATCH_1})
  set(kind ${CMAKE_MATCH_2})
  set(name ${CMAKE_MATCH_3})
  set(version ${CMAKE_MATCH_4})
  if(version STREQUAL "GLIBC_PRIVATE")
    continue()
  endif()
  if(kind MATCHES "[BDRV]")
    string(APPEND assembly ".globl ${name}\n.type ${name},@object\n.size ${name},${size}\n${name}:\n")
  else()
    string(APPEND assembly ".globl ${name}\n.type ${name},@function\n${name}:\n")
  endif()
  list(APPEND versions ${version})
  string(APPEND names_${version} " ${name};")
endforeach()
if(NOT versions)
  message(FATAL_ERROR "${LIBRARY}: expected exported symbols with versions, got none")
endif()

list(REMOVE_DUPLICATES versions)
list(SORT versions COMPARE NATURAL)
set(script "")
foreach(version IN LISTS versions)
  string(APPEND script "${version} { global:${names_${version}} };\n")
endforeach()
file(WRITE ${STUB}.s ".section .data,\"aw\",@progbits\n.zero 8\n${assembly}")
file(WRITE ${STUB}.map "${script}")
execute_process(
  COMMAND ${TOOLS}/llvm-mc --filetype=obj --triple=x86_64-unknown-linux-gnu ${STUB}.s -o ${STUB}.o
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND ${TOOLS}/ld.lld -shared --soname=${soname} --version-script=${STUB}.map --strip-all --build-id=none
          --hash-style=gnu -z noseparate-code ${STUB}.o -o ${STUB}
  COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE ${STUB}.s ${STUB}.map ${STUB}.o)
