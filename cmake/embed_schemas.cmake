# cmake -D OUTPUT=<file.cpp> -D FOLDER=<schemas> -P embed_schemas.cmake: writes the definition of
# firebreak::content::embedded_schemas() (core/content/embedded_schemas.hpp), one entry per JSON file.
file(GLOB files ${FOLDER}/*.json)
list(SORT files)
list(LENGTH files count)
set(entries "")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME_WLE)
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"schema(${text})schema\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from schemas/*.json by cmake/embed_schemas.cmake.
#include <array>

#include \"core/content/embedded_schemas.hpp\"

namespace firebreak::content {

std::span<const EmbeddedSchema> embedded_schemas() {
    static constexpr std::array<EmbeddedSchema, ${count}> kSchemas = {{
${entries}    }};
    return kSchemas;
}

}  // namespace firebreak::content
")
