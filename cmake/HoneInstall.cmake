# What other projects build with: the header, a CMake package and a pkg-config file. Both packages find everything from
# where they lie, so that an installed folder can be moved.
include(CMakePackageConfigHelpers)
install(FILES include/hone-rt/hone.h DESTINATION include/hone-rt)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/honeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/honeConfig.cmake ${CMAKE_BINARY_DIR}/honeConfigVersion.cmake
        DESTINATION lib/cmake/hone)
configure_file(${CMAKE_CURRENT_LIST_DIR}/hone.pc.in hone.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/hone.pc DESTINATION lib/pkgconfig)
