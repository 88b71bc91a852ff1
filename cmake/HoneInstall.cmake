# What other projects build with: the header of the C API, what passes outside hone need, a CMake package and a pkg-config
# file. Both packages find everything from where they lie, so that an installed folder can be moved.
include(CMakePackageConfigHelpers)
install(FILES include/hone-rt/hone.h DESTINATION include/hone-rt)

# What plugins may include: the code behind it is in every tool that loads them.
foreach(folder dialects transforms codegen/Common Support)
  install(DIRECTORY include/hone/${folder}/ ${CMAKE_BINARY_DIR}/include/hone/${folder}/
          DESTINATION include/hone/${folder} OPTIONAL
          FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.h.inc" PATTERN CMakeFiles EXCLUDE)
endforeach()
install(FILES include/hone/Driver/PassPlugin.h ${CMAKE_BINARY_DIR}/include/hone/Driver/Version.h
        DESTINATION include/hone/Driver)

write_basic_package_version_file(${CMAKE_BINARY_DIR}/honeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(${CMAKE_CURRENT_LIST_DIR}/HonePassPlugin.cmake.in HonePassPlugin.cmake @ONLY)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/honeConfig.cmake ${CMAKE_BINARY_DIR}/honeConfigVersion.cmake
              ${CMAKE_BINARY_DIR}/HonePassPlugin.cmake
        DESTINATION lib/cmake/hone)
configure_file(${CMAKE_CURRENT_LIST_DIR}/hone.pc.in hone.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/hone.pc DESTINATION lib/pkgconfig)
