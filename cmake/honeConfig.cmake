# find_package(hone): the target hone::api, which has the header hone-rt/hone.h, and the function hone_compile_model.
# find_package(hone COMPONENTS compiler): in addition what HonePassPlugin.cmake offers; needs MLIR.
get_filename_component(HONE_PREFIX ${CMAKE_CURRENT_LIST_DIR}/../../.. ABSOLUTE)
set(HONE_COMPILER ${HONE_PREFIX}/bin/hone)

if(NOT TARGET hone::api)
  add_library(hone::api INTERFACE IMPORTED)
  set_target_properties(hone::api PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${HONE_PREFIX}/include)
endif()

# hone_compile_model(NAME MODEL [OPTIONS options...]): the shared library `NAME` of a model file, compiled again when the
# file or the compiler has changed. Programs link `NAME`; it brings the header along. OPTIONS are those of `hone compile`.
function(hone_compile_model name model)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" OPTIONS)
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "hone_compile_model: expected NAME MODEL [OPTIONS ...], got '${ARG_UNPARSED_ARGUMENTS}' as well")
  endif()
  get_filename_component(model ${model} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
  set(library ${CMAKE_CURRENT_BINARY_DIR}/lib${name}.so)
  add_custom_command(OUTPUT ${library} DEPENDS ${model} ${HONE_COMPILER} ${HONE_COMPILER}-compile
                     COMMAND ${HONE_COMPILER} compile ${model} --emit=shared -o ${library} ${ARG_OPTIONS}
                     COMMENT "Compiling the model ${name}" VERBATIM)
  add_custom_target(${name}-model DEPENDS ${library})
  add_library(${name} SHARED IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${library} IMPORTED_SONAME lib${name}.so)
  target_link_libraries(${name} INTERFACE hone::api)
  add_dependencies(${name} ${name}-model)
endfunction()

foreach(component IN LISTS hone_FIND_COMPONENTS)
  if(component STREQUAL "compiler")
    include(${CMAKE_CURRENT_LIST_DIR}/HonePassPlugin.cmake)
  endif()
  if(hone_FIND_REQUIRED_${component} AND NOT hone_${component}_FOUND)
    set(hone_FOUND OFF)
    if(NOT hone_NOT_FOUND_MESSAGE)
      set(hone_NOT_FOUND_MESSAGE "expected the component 'compiler', got '${component}'")
    endif()
  endif()
endforeach()
